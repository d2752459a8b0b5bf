import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as cloudformation from '@aws-sdk/client-cloudformation';
import * as sqs from '@aws-sdk/client-sqs';
import * as ssm from '@aws-sdk/client-ssm';
import { readTemplate } from '../../../infra/template.ts';
import { previewBody } from '../../../lib/mapping/preview.ts';
import { ROOT } from '../pages.ts';

/** The services whose client is installed: it has a schema of the input of each operation. */
const CLIENTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { cloudformation, sqs, ssm };
/** Options of the AWS CLI itself. */
const OF_THE_CLI: ReadonlySet<string> = new Set(['query', 'output', 'cli-binary-format', 'endpoint-url']);
const OUTPUTS = Object.keys(Object(readTemplate(join(ROOT, 'template.yaml'))['Outputs']));

/** Whether the schema of an installed client can tell. */
export function hasClient([service = '']: readonly string[]): boolean {
  return Object.hasOwn(CLIENTS, service);
}

/** Returns what is wrong with the words after `aws`: by the schema of an installed client, the template's outputs, and the mapping. */
export function problemsOfAws([service = '', operation = '', ...words]: readonly string[]): readonly string[] {
  const problems = [...problemsOfQuery(words), ...problemsOfFiles(words), ...problemsOfEvents(words)];
  const client = CLIENTS[service];
  if (client === undefined) return problems;
  const members = membersOf(client[`${toPascal(operation)}Request$`] ?? client[`${toPascal(operation)}Input$`]);
  if (members === undefined) return [...problems, `${service} has no operation ${operation}`];
  const given = words
    .flatMap((word) => (word.startsWith('--') ? [word.slice(2)] : []))
    .filter((name) => !OF_THE_CLI.has(name));
  const unknown = given.filter((name) => !members.all.includes(toLetters(name)));
  const missing = members.required.filter((name) => !given.map(toLetters).includes(name));
  return [
    ...problems,
    ...unknown.map((name) => `aws ${service} ${operation} has no option --${name}`),
    ...missing.map((name) => `aws ${service} ${operation} needs ${name}`),
  ];
}

/** A schema is a tuple: its kind, namespace and name, traits, the names of the members, their types, and how many are required. */
function membersOf(
  schema: unknown,
): { readonly all: readonly string[]; readonly required: readonly string[] } | undefined {
  if (!Array.isArray(schema)) return undefined;
  const [, , , , names, , required]: unknown[] = schema;
  if (!Array.isArray(names)) return undefined;
  const all = names.map((name) => toLetters(String(name)));
  return { all, required: all.slice(0, Number(required ?? 0)) };
}

function toPascal(kebab: string): string {
  return kebab.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** `--queue-url` and QueueUrl alike. */
function toLetters(name: string): string {
  return name.replaceAll('-', '').toLowerCase();
}

/** An output that a query names has to be one of the stack. */
function problemsOfQuery(words: readonly string[]): readonly string[] {
  const named = words.flatMap((word) => /OutputKey==`(\w+)`/.exec(word)?.[1] ?? []);
  return named.filter((name) => !OUTPUTS.includes(name)).map((name) => `the stack has no output ${name}`);
}

function problemsOfFiles(words: readonly string[]): readonly string[] {
  const files = words.flatMap((word) => /^file:\/\/(.+)/.exec(word)?.[1] ?? []);
  return files.filter((file) => !existsSync(join(ROOT, file))).map((file) => `there is no file ${file}`);
}

/** What a page sends as an event has to be one that is delivered. */
function problemsOfEvents(words: readonly string[]): readonly string[] {
  const bodies = words.filter(
    (word, index) => /^(?:--message-body|--payload)$/.test(words[index - 1] ?? '') && word.startsWith('{'),
  );
  return bodies.flatMap((body) => {
    const shown = JSON.stringify(previewBody(body, { appId: '1234567890' }, 0));
    return shown.includes('"kind":"deliver"') ? [] : [`${body} is not delivered: ${shown}`];
  });
}

/** Tests that need the AWS CLI. Without it they are skipped, and a message says so. */
export function describeWithAwsCli(title: string, tests: () => void): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, 'aws')))) {
    describe(title, tests);
    return;
  }
  process.stderr.write(`Skipped because the AWS CLI was not found: ${title}.\n`);
  describe.skip(title, tests);
}

/**
 * Asks the AWS CLI itself: it checks its options before it connects, and finds a closed port then.
 *
 * @returns a sentence if it refuses them
 */
export function problemByCli(words: readonly string[]): Promise<string | undefined> {
  // Version 1 of the CLI has no --cli-binary-format; version 2 also reads it from its settings. The page's own address is no closed port.
  const own = words.filter((word, index) => {
    const option = [word, words[index - 1]].find((one) => one === '--cli-binary-format' || one === '--endpoint-url');
    return option === undefined;
  });
  const settings = join(mkdtempSync(join(tmpdir(), 'aws-')), 'config');
  writeFileSync(settings, '[default]\ncli_binary_format = raw-in-base64-out\n');
  const environment = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    AWS_CONFIG_FILE: settings,
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  };
  const args = [...own, '--endpoint-url', 'http://127.0.0.1:9', '--region', 'us-east-1', '--no-sign-request'];
  return new Promise((resolve) => {
    execFile('aws', args, { cwd: ROOT, env: environment }, (_, stdout, stderr) => {
      const isRead = stderr.includes('Could not connect to the endpoint URL');
      resolve(isRead ? undefined : `aws ${words.join(' ')}: ${stderr.trim() || stdout}`);
    });
  });
}
