import { basename, join } from 'node:path';
import type { Command } from 'commander';
import type { ParameterValues } from '../../infra/resolve-template.ts';
import { parseJson } from '../../lib/exact-json.ts';
import type { Settings } from '../../lib/rudderstack/settings.ts';
import { CallerError } from '../caller-error.ts';
import type { StackCheck } from './check.ts';
import { readTextFile } from '../read-text-file.ts';
import { destinationConfigIn } from './destination-config.ts';
import { shellWord, tomlString } from './sam-words.ts';

/** Adds the command `settings`, which needs no AWS account. */
export function addSettingsCommand(program: Command): void {
  program
    .command('settings <file> [parameters...]')
    .description(
      'say whether a stack starts with these settings (RudderStack’s Config for Heap, as JSON), and print the words for sam deploy; parameters are Name=Value',
    )
    .option('--stack-name <name>', 'the name that the stack will have', 'rudderstack-heap')
    .exitOverride()
    .action(async (file: string, parameters: readonly string[], { stackName }: { readonly stackName: string }) => {
      // Loaded here, because no other command reads a template, and each would be slower to start.
      const [{ readTemplate }, { checkStack }] = await Promise.all([
        import('../../infra/template.ts'),
        import('./check.ts'),
      ]);
      const template = readTemplate(join(import.meta.dirname, '..', '..', 'template.yaml'));
      const config = destinationConfigIn(readJson(file), file);
      const check = checkStack(template, config, parseParameters(parameters), stackName, basename(file));
      if (check.kind === 'starts') {
        console.log(describe(check));
        return;
      }
      for (const problem of check.problems) console.error(problem);
      process.exitCode = 1;
    });
}

function readJson(file: string): unknown {
  try {
    return parseJson(readTextFile(file, file));
  } catch (error) {
    if (error instanceof SyntaxError) throw new CallerError(`${file} is not valid JSON`);
    throw error;
  }
}

function parseParameters(words: readonly string[]): ParameterValues {
  return Object.fromEntries(
    words.map((word) => {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
      if (name === '') throw new CallerError(`${word} is no parameter: write Name=Value`);
      return [name, value];
    }),
  );
}

function describe({ settings, ignored, overrides }: StackCheck & { readonly kind: 'starts' }): string {
  return [
    `The stack starts with these settings. ${describeSettings(settings)}`,
    ...(ignored.length > 0 ? [`Left out, because the functions do not read them: ${ignored.join(', ')}.`] : []),
    '',
    'For one deployment (in bash or zsh):',
    '',
    `sam deploy --parameter-overrides ${overrides.map(shellWord).join(' ')}`,
    '',
    'For every deployment, in samconfig.toml below [default.deploy.parameters]:',
    '',
    `parameter_overrides = ${tomlString(overrides.join(' '))}`,
  ].join('\n');
}

function describeSettings({ appId, dataResidency, isWebDeviceMode }: Settings): string {
  const environment =
    appId.kind === 'fixed'
      ? `the Heap environment ${appId.id}`
      : `the Heap environment that each event names at ${appId.path.join('.')}` +
        (appId.otherwise === '' ? ', without a default' : `, else ${appId.otherwise}`);
  const mode = isWebDeviceMode ? ', and browsers send to Heap themselves' : '';
  return `Events go to ${environment}, in Heap’s region ${dataResidency}${mode}.`;
}
