import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { endOnClosedPipe, interruptSignal } from '../../cli/interrupt.ts';
import { reportToCaller, reportUsageError } from '../../cli/report-to-caller.ts';
import { isYes, requireTerminal } from '../../cli/terminal-question.ts';
import { HOSTS } from '../../lib/heap/api.ts';
import { ask, judge, planOf } from './ask.ts';
import { createRunId, type Run } from './marks.ts';
import { QUESTIONS } from './questions.ts';
import { toJson, toMarkdown } from './report.ts';
import { createSend } from './request.ts';

const AFTER = `
It sends one request at a time, at most two and a half a second, and stays below every rate limit that Heap documents. Use an
environment for tests. Its events are called "Heap contract check"; it ends with what to look for in Heap, and how to delete it.

Exit codes: 0 every question was asked · 1 it ended early, or was not confirmed · 2 wrong option · 130 Ctrl-C · 143 SIGTERM.`;

/** Between two requests to Heap, in ms. */
const PAUSE_MS = 400;
const TIMEOUT_MS = 30_000;

interface Options {
  readonly appId: string;
  readonly eu?: boolean;
  readonly url?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

endOnClosedPipe();

const program = new Command('npm run contract --')
  .description('Asks a real Heap environment what its documentation leaves open, and prints the answers as a table.')
  .requiredOption('--app-id <id>', 'the id of the Heap environment that gets the events', parseAppId)
  .addOption(new Option('--eu', 'Heap’s region in the EU; the US by default').conflicts('url'))
  .option('--url <url>', 'another address than Heap’s, such as the simulator’s', parseUrl)
  .option('--yes', 'send without asking')
  .option('--json', 'print JSON, for scripts')
  .addHelpText('after', AFTER)
  .configureOutput({ outputError: (text, write) => reportUsageError(text, write) })
  .exitOverride()
  .action(run);

await reportToCaller(async () => {
  await program.parseAsync();
});

async function run({ appId, eu, url, yes, json }: Options): Promise<void> {
  const baseUrl = url ?? HOSTS[eu === true ? 'eu' : 'us'];
  const where = url ?? `region ${eu === true ? 'EU' : 'US'}`;
  const startedAt = Date.now();
  const about: Run = { id: createRunId(startedAt, Math.random()), appId, startedAt };
  const plan = planOf(QUESTIONS, about);
  const pauseMs = isLoopback(baseUrl) ? 0 : PAUSE_MS;
  const sends =
    `Run ${about.id} sends up to ${plan.requests} requests with ${plan.entries} entries to ${baseUrl}, ` +
    `for ${plan.identities.length} users of the environment ${appId}.`;
  if (yes === true) console.error(sends);
  else requireTerminal('the check asks before it sends, and this is no terminal: add --yes');
  if (yes !== true && !(await isYes(`${sends} Send them?`))) {
    console.error('Nothing was sent.');
    process.exitCode = 1;
    return;
  }
  const answers = await ask(QUESTIONS, about, {
    send: createSend(baseUrl, TIMEOUT_MS),
    pause: () => sleep(pauseMs),
    signal: interruptSignal(),
    onQuestion: ({ id }, index) => console.error(`${index + 1} of ${QUESTIONS.length}: ${id}`),
  });
  const findings = { run: about, where, answers, judged: judge(QUESTIONS, about, answers), plan };
  console.log(json === true ? toJson(findings) : toMarkdown(findings));
  if (answers.stopped !== undefined) process.exitCode ??= 1;
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

/** Where no Heap of anybody is, there is no limit to keep. */
function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}
