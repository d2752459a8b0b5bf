import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkStack } from '../../../cli/settings/check.ts';
import { readTemplate } from '../../../infra/template.ts';
import { isObject } from '../../../lib/json.ts';
import { readOverrides } from '../../support/sam-overrides.ts';
import { namesIn, tableUnder } from '../tables.ts';
import { readPage, ROOT } from '../pages.ts';

/**
 * The SAM CLI's commands and options that pages use. It is not installed everywhere.
 *
 * @see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-command-reference.html
 */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  build: [],
  delete: ['--stack-name'],
  deploy: ['--capabilities', '--parameter-overrides', '--resolve-s3', '--stack-name', '--template-file'],
  'list stack-outputs': ['--stack-name'],
  'local invoke': ['--event'],
  'local start-lambda': [],
  logs: ['--filter', '--stack-name', '--tail'],
};
/** Options without a value. */
const FLAGS: ReadonlySet<string> = new Set(['--resolve-s3', '--tail']);
const TEMPLATE = readTemplate(join(ROOT, 'template.yaml'));

/** Returns what is wrong with the words after `sam`: by its options, the template, and the codes of the log. */
export function problemsOfSam(words: readonly string[]): readonly string[] {
  const name = Object.keys(OPTIONS).find((one) => ` ${words.join(' ')} `.startsWith(` ${one} `));
  if (name === undefined) return [`sam ${words.join(' ')} is not known here`];
  const { values, others } = readOptions(words.slice(name.split(' ').length));
  const unknown = [...values.keys()].filter((option) => OPTIONS[name]?.includes(option) !== true);
  return [
    ...unknown.map((option) => `sam ${name} ${option} is not known here`),
    ...problemsOfValues(values),
    ...others.flatMap((other) =>
      name === 'local invoke' ? problemOfFunction(other) : [`sam ${name} takes no ${other}`],
    ),
  ];
}

function readOptions(words: readonly string[]): {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly others: readonly string[];
} {
  const values = new Map<string, string[]>();
  const others: string[] = [];
  let open: string[] = others;
  for (const word of words) {
    if (word.startsWith('--')) values.set(word, (open = []));
    else open.push(word);
  }
  // What follows a flag is no value of it.
  for (const flag of FLAGS) others.push(...(values.get(flag) ?? []));
  return { values, others };
}

function problemsOfValues(values: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const problems: string[] = [];
  for (const [option, given] of values) {
    const [value = ''] = given;
    if (!FLAGS.has(option) && given.length === 0) problems.push(`${option} has no value`);
    if (option === '--parameter-overrides') problems.push(...problemsOfParameters(given));
    if (option === '--event' && !existsSync(join(ROOT, value))) problems.push(`there is no file ${value}`);
    if (option === '--template-file' && !existsSync(join(ROOT, value))) problems.push(`there is no template ${value}`);
    if (option === '--filter' && !codesOfLog().includes(value)) problems.push(`the log has no code ${value}`);
    if (option === '--stack-name' && value !== stackName())
      problems.push(`samconfig.toml has another stack than ${value}`);
  }
  return problems;
}

function problemsOfParameters(words: readonly string[]): readonly string[] {
  const { DestinationConfig: json, HeapAppId: _, ...parameters } = readOverrides(words);
  const config: unknown = JSON.parse(json ?? '{"appId":"1234567890"}');
  if (!isObject(config)) return [`${json} is no object`];
  const check = checkStack(TEMPLATE, config, parameters, stackName(), 'DestinationConfig');
  return check.kind === 'refused' ? check.problems : [];
}

function problemOfFunction(name: string): readonly string[] {
  return Object.hasOwn(Object(TEMPLATE['Resources']), name) ? [] : [`the template has no function ${name}`];
}

function codesOfLog(): readonly string[] {
  return tableUnder(readPage('docs/reference.md'), 'Lines of the log').flatMap(([first]) => namesIn(first));
}

function stackName(): string {
  return /^stack_name = "(.+)"$/m.exec(readFileSync(join(ROOT, 'samconfig.toml'), 'utf8'))?.[1] ?? '';
}
