import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, type CollectionTag, type ScalarTag } from 'yaml';
import { isArray, isObject, type JsonObject } from '../lib/json.ts';

/** CloudFormation's short forms whose argument is a scalar, and those whose argument is a list. */
const SCALAR_FUNCTIONS = ['Ref', 'Condition', 'Sub', 'GetAtt', 'ImportValue'];
const COLLECTION_FUNCTIONS = [
  'If',
  'Not',
  'And',
  'Or',
  'Equals',
  'Sub',
  'GetAtt',
  'Join',
  'Select',
  'Split',
  'FindInMap',
];

function longName(name: string): string {
  return name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`;
}

const scalarTags = SCALAR_FUNCTIONS.map((name): ScalarTag => ({
  tag: `!${name}`,
  resolve: (value) => ({ [longName(name)]: name === 'GetAtt' ? value.split('.') : value }),
}));

const collectionTags = COLLECTION_FUNCTIONS.map((name): CollectionTag => ({
  tag: `!${name}`,
  collection: 'seq',
  resolve: (value) => ({ [longName(name)]: value.toJSON() }),
}));

/** Reads a CloudFormation template. Short forms such as `!Ref` are expanded as in CloudFormation's JSON. */
export function readTemplate(file: string): JsonObject {
  const template: unknown = parse(readFileSync(file, 'utf8'), { customTags: [...scalarTags, ...collectionTags] });
  if (!isObject(template)) throw new Error(`${file} is not a CloudFormation template`);
  return template;
}

/** The paths of template.yaml and its nested templates, relative to `root`. */
export function templateFiles(root: string): readonly string[] {
  const nested = readdirSync(join(root, 'infra')).filter((file) => file.endsWith('.yaml'));
  return ['template.yaml', ...nested.map((file) => join('infra', file))];
}

/** A function of the template that esbuild builds. */
export interface BuiltFunction {
  readonly logicalId: string;
  /** Name of its folder in dist/: the entry point's file name without its extension. */
  readonly name: string;
  readonly entryPoint: string;
  /** esbuild's options in SAM's spelling. */
  readonly buildProperties: JsonObject;
}

/** All functions of a template whose `Metadata` has the build method esbuild. */
export function builtFunctions(template: JsonObject): readonly BuiltFunction[] {
  if (!isObject(template['Resources'])) throw new Error('the template does not have Resources');
  return Object.entries(template['Resources']).flatMap(([logicalId, resource]) => {
    const metadata = isObject(resource) && isObject(resource['Metadata']) ? resource['Metadata'] : {};
    const buildProperties = metadata['BuildProperties'];
    if (metadata['BuildMethod'] !== 'esbuild' || !isObject(buildProperties)) return [];
    const [entryPoint] = isArray(buildProperties['EntryPoints']) ? buildProperties['EntryPoints'] : [];
    if (typeof entryPoint !== 'string') throw new Error(`${logicalId} does not have an entry point`);
    const name = entryPoint.replace(/^.*\//, '').replace(/\.ts$/, '');
    return [{ logicalId, name, entryPoint, buildProperties }];
  });
}

/** The default value of a template parameter. */
export function parameterDefault(template: JsonObject, name: string): unknown {
  const parameters = template['Parameters'];
  const parameter = isObject(parameters) ? parameters[name] : undefined;
  if (!isObject(parameter) || !('Default' in parameter))
    throw new Error(`the template's parameter ${name} does not have a default`);
  return parameter['Default'];
}
