import { Command, InvalidArgumentError, Option } from 'commander';
import { reportUsageError } from '../../cli/report-to-caller.ts';

const AFTER = `
It sends one request at a time, at most two and a half a second, and stays below every rate limit that Heap documents. Use an
environment for tests. Its events are called "Heap contract check"; it ends with what to look for in Heap, and how to delete it.

Exit codes: 0 every question was asked · 1 it ended early, or was not confirmed · 2 wrong option · 130 Ctrl-C · 143 SIGTERM.`;

/** What the options give. */
export interface ContractOptions {
  readonly appId: string;
  readonly eu?: boolean;
  readonly url?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** The options of `npm run contract`, without what it does. A wrong option is thrown as a CommanderError. */
export function contractProgram(): Command {
  return new Command('npm run contract --')
    .description('Asks a real Heap environment what its documentation leaves open, and prints the answers as a table.')
    .requiredOption('--app-id <id>', 'the id of the Heap environment that gets the events', parseAppId)
    .addOption(new Option('--eu', 'Heap’s region in the EU; the US by default').conflicts('url'))
    .option('--url <url>', 'another address than Heap’s, such as the simulator’s', parseUrl)
    .option('--yes', 'send without asking')
    .option('--json', 'print JSON, for scripts')
    .addHelpText('after', AFTER)
    .configureOutput({ outputError: (text, write) => reportUsageError(text, write) })
    .exitOverride();
}

function parseAppId(text: string): string {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It has to be the number of a Heap environment.');
  return text;
}

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('It has to begin with http:// or https://.');
  return text.replace(/\/+$/, '');
}
