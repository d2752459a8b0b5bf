import { setTimeout as sleep } from 'node:timers/promises';
import { endOnClosedPipe, interruptSignal } from '../../cli/interrupt.ts';
import { reportToCaller } from '../../cli/report-to-caller.ts';
import { isYes, requireTerminal } from '../../cli/terminal-question.ts';
import { HOSTS } from '../../lib/heap/api.ts';
import { ask, judge, planOf } from './ask.ts';
import { createRunId, type Run } from './marks.ts';
import { contractProgram, type ContractOptions } from './program.ts';
import { QUESTIONS } from './questions.ts';
import { toJson, toMarkdown } from './report.ts';
import { createSend } from './request.ts';

/** Between two requests to Heap, in ms. */
const PAUSE_MS = 400;
const TIMEOUT_MS = 30_000;

endOnClosedPipe();

const program = contractProgram().action(run);

await reportToCaller(async () => {
  await program.parseAsync();
});

async function run({ appId, eu, url, yes, json }: ContractOptions): Promise<void> {
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

/** Where no Heap of anybody is, there is no limit to keep. */
function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}
