import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { resolveTemplate, type ParameterValues } from '../../infra/resolve-template.ts';
import { isArray, isObject, valueAt, type JsonObject } from '../../lib/json.ts';
import { ACCEPTED } from '../support/parameter-sets.ts';
import { attributesOf } from './attributes.ts';
import { brokenLimits } from './limits.ts';

/**
 * Tries the stack without an account: AWS's own SAM transform over the templates, with every set of parameters; then cfn-lint
 * over the result, which knows the schema of each resource, and AWS's limits that are in no schema. It needs Python with
 * cfn-lint, which brings the transform. Without them it says so and ends with 0.
 */
const ROOT = join(import.meta.dirname, '..', '..');
const INSTALL = 'pip install cfn-lint==1.51.0';
/**
 * Warnings, because values instead of references look hard-coded; and E3502, which recognizes a dead-letter queue by a reference
 * alone: `brokenLimits` compares the kinds of queues.
 */
const IGNORED = ['W', 'E3502'];

interface Stack {
  readonly label: string;
  readonly file: string;
  readonly parameters: ParameterValues;
}

const found = spawnSync('python3', ['-c', 'import cfnlint, samtranslator, boto3'], { encoding: 'utf8' });
if (found.status === 0) check();
else console.log(`The stack was not tried: Python has no cfn-lint here (${INSTALL}).`);

function check(): void {
  const folder = mkdtempSync(join(tmpdir(), 'stack-'));
  try {
    let stacks: readonly Stack[] = Object.entries(ACCEPTED).map(([label, parameters]) => ({
      label,
      file: 'template.yaml',
      parameters: { HeapAppId: '1', AlarmEmail: 'you@example.com', ...parameters },
    }));
    const files: string[] = [];
    const problems: string[] = [];
    // The stack, its nested stacks, and theirs.
    while (stacks.length > 0) {
      stacks = translate(stacks).flatMap(({ stack, template }) => {
        const { refusals, resources } = resolveTemplate(template, stack.parameters, attributesOf(template));
        for (const problem of [...refusals, ...brokenLimits(resources)]) {
          problems.push(`${stack.file} with ${stack.label}: ${problem}`);
        }
        const file = join(
          folder,
          `${files.length}-${basename(stack.file, '.yaml')}-${stack.label.replaceAll(' ', '-')}.json`,
        );
        writeFileSync(file, JSON.stringify({ AWSTemplateFormatVersion: '2010-09-09', Resources: plain(resources) }));
        files.push(file);
        return nestedStacks(stack, resources);
      });
    }
    problems.push(...lint(files));
    for (const problem of problems) console.error(problem);
    console.log(
      `${files.length} stacks with ${Object.keys(ACCEPTED).length} sets of parameters: ${problems.length} problems.`,
    );
    if (problems.length > 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function translate(stacks: readonly Stack[]): readonly { readonly stack: Stack; readonly template: JsonObject }[] {
  const input = stacks.map(({ file, parameters }) => ({ template: join(ROOT, file), parameters }));
  const { stdout, stderr, status } = spawnSync('python3', [join(import.meta.dirname, 'translate.py')], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
  });
  if (status !== 0) throw new Error(`the SAM transform failed: ${stderr}`);
  const templates: unknown = JSON.parse(stdout);
  if (!isArray(templates)) throw new Error('the SAM transform gave no list');
  return stacks.map((stack, index) => {
    const template = templates[index];
    if (!isObject(template)) throw new Error(`${stack.file} was not translated`);
    return { stack, template };
  });
}

function nestedStacks({ label }: Stack, resources: JsonObject): readonly Stack[] {
  return Object.values(resources).flatMap((resource) => {
    if (valueAt(resource, ['Type']) !== 'AWS::CloudFormation::Stack') return [];
    const file = join('infra', basename(String(valueAt(resource, ['Properties', 'TemplateURL']))));
    const given = Object.entries(Object(valueAt(resource, ['Properties', 'Parameters'])));
    return [{ label, file, parameters: Object.fromEntries(given.map(([name, value]) => [name, String(value)])) }];
  });
}

/** Without conditions, which have been evaluated. */
function plain(resources: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(resources).map(([name, resource]) => {
      const { Condition: _, ...others } = isObject(resource) ? resource : {};
      return [name, others];
    }),
  );
}

function lint(files: readonly string[]): readonly string[] {
  const { stdout, stderr } = spawnSync('cfn-lint', ['--format', 'parseable', '-i', ...IGNORED, '--', ...files], {
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
  });
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}
