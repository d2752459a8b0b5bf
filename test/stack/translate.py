"""Runs AWS's own transform over SAM templates: a list of {template, parameters} from standard input, a list of templates out."""
import json
import os
import sys

import boto3
from cfnlint.decode import decode
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

REGION = "eu-central-1"
os.environ["AWS_DEFAULT_REGION"] = REGION


def translate(path, parameters):
    template, problems = decode(path)
    if problems:
        raise SystemExit(f"{path}: {problems}")
    template = json.loads(json.dumps(template))
    # As `sam package` does: code and nested templates have been uploaded.
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if "CodeUri" in properties:
            properties["CodeUri"] = "s3://bucket/code"
        if resource["Type"] == "AWS::Serverless::Application":
            name = os.path.basename(properties["Location"])
            properties["Location"] = f"https://bucket.s3.amazonaws.com/{name}"
    given = {name: str(parameter["Default"]) for name, parameter in template.get("Parameters", {}).items() if "Default" in parameter}
    session = boto3.Session(region_name=REGION)
    return Translator({}, Parser(), boto_session=session).translate(template, {**given, **parameters})


json.dump([translate(one["template"], one["parameters"]) for one in json.load(sys.stdin)], sys.stdout)
