import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from '../../lib/batches.ts';
import { isArray, isObject } from '../../lib/json.ts';
import { mapLimit } from '../../lib/map-limit.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { readSettings } from '../../lib/rudderstack/settings.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { SQS_BATCH_LIMITS } from '../../lib/sqs/limits.ts';
import { sendBatch } from '../../lib/sqs/send-batch.ts';
import { createLocalClient, drain, LOCAL_AWS, type LocalQueues } from '../../local/queues.ts';
import { startProxy } from './proxy.ts';

/** How a command is interrupted. After a closed pipe Ctrl-C comes as well, as a shell sends it to all of a pipe. */
export const INTERRUPTIONS = ['SIGINT', 'SIGTERM', 'SIGKILL', 'closed pipe'] as const;

export interface InterruptedOptions {
  readonly endpoint: string;
  readonly queues: LocalQueues;
  readonly messages: number;
  /** In order. */
  readonly interruptions: readonly (typeof INTERRUPTIONS)[number][];
  /** In [0, 1). */
  readonly random: () => number;
  /** A folder for files. */
  readonly folder: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** What is true after all interruptions and a last run that is not interrupted. */
export interface Aftermath {
  /** How many runs ended before they were interrupted. */
  readonly early: number;
  /** Runs whose figures differ from what SQS counts. */
  readonly wrongFigures: readonly string[];
  /** What the last run has printed. */
  readonly last: Readonly<Record<string, unknown>>;
  readonly lastCode: number | undefined;
  /** Messages that SQS counts in the dead-letter queue. */
  readonly deadLetters: number;
  /** Events in the queue, twice if a batch was sent when the command was killed. */
  readonly events: number;
  /** Different idempotency keys of these events: what Heap counts. */
  readonly inHeap: number;
}

/** With a time, since `enqueue` refuses history without one. */
const body = (index: number): string =>
  JSON.stringify({
    type: 'track',
    event: 'A',
    userId: `u-${index}`,
    messageId: `m-${index}`,
    timestamp: '2026-01-31T10:00:00.000Z',
    properties: { index },
  });

/** Sends dead letters. */
export async function fillDeadLetters(client: SQSClient, url: string, messages: number): Promise<void> {
  const indexes = Array.from({ length: messages }, (_, index) => index);
  const attributes = { reason: { DataType: 'String', StringValue: 'heap_refused' } };
  await mapLimit(
    inBatches(indexes, SQS_BATCH_LIMITS, () => 0),
    4,
    async (some) => {
      const batch = some.map((index) => ({ body: body(index), bytes: 0, attributes }));
      await sendBatch(client, url, batch);
    },
  );
}

/** Writes a file of history. */
export function writeHistory(file: string, messages: number): void {
  writeFileSync(file, Array.from({ length: messages }, (_, index) => `${body(index)}\n`).join(''));
}

/** Interrupts `redrive` again and again, and then lets it finish. */
export async function interruptRedrive(options: InterruptedOptions): Promise<Aftermath> {
  const client = createLocalClient(options.endpoint);
  await fillDeadLetters(client, options.queues.deadLetterQueueUrl, options.messages);
  const command = (): readonly string[] => ['dead-letters', 'redrive', '--all', '--yes', ...SHORT_HOLD];
  return await interruptAll(client, options, command, options.messages / 2);
}

/** Interrupts `enqueue` again and again, and then lets it finish. */
export async function interruptEnqueue(options: InterruptedOptions): Promise<Aftermath> {
  const file = join(options.folder, 'history.ndjson');
  writeHistory(file, options.messages);
  const command = (): readonly string[] => ['enqueue', file, '--events-per-message', '1', '--json'];
  return await interruptAll(createLocalClient(options.endpoint), options, command, options.messages / 10);
}

/**
 * Interrupts `enqueue --skip-bad` of several files again and again, and then lets it finish. Lines that cannot be sent stand
 * among the others and at the ends. A line that is not once in the file of `--skip-bad` is a wrong figure.
 */
export async function interruptSeveralFiles(options: InterruptedOptions): Promise<Aftermath> {
  const { messages, folder } = options;
  const files = [0, 1, 2].map((index) => join(folder, `several-${index}.ndjson`));
  const badFile = join(folder, 'bad.ndjson');
  const bad: string[] = [];
  for (const [index, file] of files.entries()) {
    const lines: string[] = [];
    for (let at = index; at < messages; at += files.length) {
      lines.push(body(at));
      if (at % 7 < 3 || at + files.length >= messages) bad.push(`{bad ${at}`);
      if (bad.at(-1) === `{bad ${at}`) lines.push(`{bad ${at}`);
    }
    writeFileSync(file, `${lines.join('\n')}\n`);
  }
  const words = ['--events-per-message', '1', '--skip-bad', badFile, '--json'];
  const client = createLocalClient(options.endpoint);
  const aftermath = await interruptAll(client, options, () => ['enqueue', ...files, ...words], messages / 20);
  const { early, lastCode, wrongFigures } = aftermath;
  const written = readFileSync(badFile, 'utf8').trimEnd().split('\n');
  // A run that has ended leaves nothing to continue from: the next one begins anew.
  const isOnce = early > 0 || JSON.stringify(written.toSorted()) === JSON.stringify(bad.toSorted());
  const wrong = isOnce ? [] : [`${written.length} bad lines were written, of ${bad.length}`];
  // The exit code of a run that has come upon lines that cannot be sent. The last lines are such.
  return { ...aftermath, lastCode: lastCode === 1 ? 0 : -1, wrongFigures: [...wrongFigures, ...wrong] };
}

/** Interrupts `export --remove` again and again, lets it finish, and loads all its files. */
export async function interruptExport(options: InterruptedOptions): Promise<Aftermath> {
  const client = createLocalClient(options.endpoint);
  await fillDeadLetters(client, options.queues.deadLetterQueueUrl, options.messages);
  const files: string[] = [];
  const command = (): readonly string[] => {
    files.push(join(options.folder, `dead-letters-${files.length}.ndjson`));
    return ['dead-letters', 'export', files.at(-1) ?? '', '--remove', ...SHORT_HOLD];
  };
  return await interruptAll(client, options, command, options.messages / 4, async () => {
    for (const file of files.filter(existsSync)) {
      const lines = readFileSync(file, 'utf8');
      // A line that was being written when the command was killed. Its dead letter is still in the queue.
      const whole = lines.slice(0, lines.lastIndexOf('\n') + 1);
      writeFileSync(file, whole);
      rmSync(`${file}.checkpoint`, { force: true });
      if (whole === '') continue;
      const { code } = await start(['enqueue', file], options.endpoint, options).ended;
      if (code !== 0) throw new Error(`${file} could not be loaded`);
    }
  });
}

/** The holds of a killed run end soon. */
const SHORT_HOLD = ['--visibility-timeout', '2', '--wait', '60', '--json'] as const;

/** @param calls about how many calls to SQS a whole run makes */
async function interruptAll(
  client: SQSClient,
  options: InterruptedOptions,
  command: () => readonly string[],
  calls: number,
  finish: () => Promise<void> = () => Promise.resolve(),
): Promise<Aftermath> {
  const { queues, endpoint, interruptions, random } = options;
  let early = 0;
  const wrongFigures: string[] = [];
  const counts = async (): Promise<Counts> => ({
    queue: await countMessages(client, queues.queueUrl),
    deadLetters: await countMessages(client, queues.deadLetterQueueUrl),
  });
  let onCall = (): void => undefined;
  const underWay = new Set<Promise<unknown>>();
  await using counting = await startProxy(endpoint, async (call, passOn) => {
    onCall();
    const answer = passOn(call);
    underWay.add(answer);
    return await answer.finally(() => underWay.delete(answer));
  });
  const behindIt = createLocalClient(counting.url);
  /** Waits until SQS has taken all calls of a process that has ended. A call of our own arrives behind those. */
  const untilTaken = async (): Promise<void> => {
    onCall = () => undefined;
    await countMessages(behindIt, queues.queueUrl);
    await Promise.allSettled(underWay);
  };
  for (const interruption of interruptions) {
    let callsLeft = 1 + Math.floor((random() * calls) / interruptions.length);
    const before = await counts();
    const { child, ended } = start(command(), counting.url, options);
    onCall = () => {
      callsLeft -= 1;
      if (callsLeft !== 0) return;
      if (interruption === 'closed pipe') {
        child.stdout.destroy();
        child.stderr.destroy();
      }
      child.kill(interruption === 'closed pipe' ? 'SIGINT' : interruption);
    };
    const { out } = await ended;
    await untilTaken();
    // A run that is killed has printed the results of the files before at most.
    if (interruption !== 'SIGKILL') wrongFigures.push(...differences(out, before, await counts()));
    if (callsLeft > 0) early += 1;
  }
  const before = await counts();
  const { code, out } = await start(command(), counting.url, options).ended;
  wrongFigures.push(...differences(out, before, await counts()));
  await finish();
  const last: unknown = printed(out).at(-1);
  const deadLetters = await countMessages(client, queues.deadLetterQueueUrl);
  const keys = (await drain(client, queues.queueUrl)).flatMap(({ Body = '' }) => keysOf(Body));
  client.destroy();
  behindIt.destroy();
  return {
    early,
    wrongFigures,
    last: isObject(last) ? last : {},
    lastCode: code,
    deadLetters,
    events: keys.length,
    inHeap: new Set(keys).size,
  };
}

/** Messages that SQS counts. */
interface Counts {
  readonly queue: number;
  readonly deadLetters: number;
}

/** Compares what a run has printed with what it has done. A run that was killed, or whose output nobody reads, prints nothing. */
function differences(out: string, before: Counts, after: Counts): readonly string[] {
  if (out === '') return [];
  const results = printed(out);
  const { sent, exported, left } = Object(results.at(-1));
  const counts = results.map((result): unknown => Object(result).enqueued).filter((count) => typeof count === 'number');
  const enqueued = counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
  const facts: readonly (readonly [unknown, number])[] = [
    [sent ?? enqueued, after.queue - before.queue],
    [sent ?? exported, before.deadLetters - after.deadLetters],
    [left, after.deadLetters],
  ];
  return facts.flatMap(([says, is]) => (says === undefined || says === is ? [] : [`${is} and not as in ${out}`]));
}

/** What was printed, one result for each file. */
function printed(out: string): readonly unknown[] {
  const lines = out.trimEnd().split('\n');
  return lines.map((line): unknown => JSON.parse(line));
}

function start(args: readonly string[], endpoint: string, { queues, environment = {} }: InterruptedOptions) {
  const child = spawn(process.execPath, [join('cli', 'main.ts'), ...args], {
    env: {
      PATH: process.env['PATH'],
      ...LOCAL_AWS,
      AWS_ENDPOINT_URL_SQS: endpoint,
      QUEUE_URL: queues.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outputs = [child.stdout, child.stderr].map((stream) => text(stream).catch(() => ''));
  const ended = Promise.all([once(child, 'exit'), ...outputs]).then(([[code], out = '']) => ({
    code: typeof code === 'number' ? code : undefined,
    out,
  }));
  return { child, ended };
}

const SETTINGS = readSettings({ appId: '1' });

function keysOf(message: string): readonly string[] {
  return unwrap(message).flatMap((one) => {
    if (one.kind !== 'event') return [];
    const decision = decide(one.event, SETTINGS, Date.now());
    const mapped: unknown = JSON.parse(JSON.stringify(decision));
    const key = isObject(mapped) ? findKey(mapped) : undefined;
    return key === undefined ? [] : [key];
  });
}

function findKey(value: unknown): string | undefined {
  if (isArray(value)) return value.map(findKey).find((key) => key !== undefined);
  if (!isObject(value)) return undefined;
  const own = value['idempotency_key'] ?? value['idempotencyKey'];
  return typeof own === 'string'
    ? own
    : Object.values(value)
        .map(findKey)
        .find((key) => key !== undefined);
}
