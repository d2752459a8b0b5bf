import type { SQSRecord } from 'aws-lambda';
import { readSettings } from '../../lib/config.ts';
import { createHandler, type Handler } from '../../lib/forwarding/create-handler.ts';
import type { Letter } from '../../lib/forwarding/dead-letter.ts';
import type { BatchReport } from '../../lib/forwarding/forward.ts';
import type { Queues } from '../../lib/forwarding/queue.ts';
import type { Answer, Transport } from '../../lib/heap/transport.ts';
import type { JsonObject } from '../../lib/json.ts';
import { createHeap, HEAP_RULES, type Heap } from '../../local/heap-simulator/heap.ts';
import { failedRecords } from '../../local/lambda/partial-batch-response.ts';
import { createRandom } from '../support/random.ts';
import { createVirtualQueue, type VirtualQueue } from '../support/virtual-queue.ts';
import { createVirtualTime, type VirtualTime } from '../support/virtual-time.ts';

/** What happens to one request to Heap. */
export type HeapFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'cut'; readonly isStored: boolean }
  | { readonly kind: 'silence'; readonly isStored: boolean }
  | { readonly kind: 'none' };

/** What happens to one call to SQS that the function makes. */
export type QueueFault = 'none' | 'some_fail' | 'throws';

/** How a run is set up, and everything that goes wrong in it. */
export interface Circumstances {
  readonly seed: number;
  readonly isFifo: boolean;
  readonly batchSize: number;
  readonly maximumConcurrency: number;
  /** One for each request to Heap, in order; after the last everything is well. */
  readonly heapFaults: readonly HeapFault[];
  /** How long Heap takes for each request, in ms, in order. */
  readonly latenciesMs: readonly number[];
  /** How long it takes for all the others. */
  readonly steadyLatencyMs: number;
  /** One for each call to SQS. */
  readonly queueFaults: readonly QueueFault[];
  /** For each invocation after how many ms its process dies; undefined: not. */
  readonly crashes: readonly (number | undefined)[];
  /** The share of received records that stay visible, so that they are received twice. */
  readonly duplicateShare: number;
  readonly isAtomic: boolean;
  /** Heap answers 413 to requests with more entries. */
  readonly mostEntries: number;
}

export interface WorldOptions extends Circumstances {
  readonly bodies: readonly { readonly body: string; readonly groupId?: string }[];
  readonly maxReceiveCount: number;
  readonly isBad: (entry: JsonObject) => boolean;
  readonly config?: JsonObject;
}

export interface World {
  readonly heap: Heap;
  readonly queue: VirtualQueue;
  readonly letters: readonly Letter[];
  readonly reports: readonly BatchReport[];
  readonly problems: readonly string[];
  /** When each request was sent, in ms since the start. */
  readonly sentAtMs: readonly number[];
  /** Track events as Heap has taken them: how many, and when the request was sent, in ms since the start. */
  readonly taken: readonly { readonly atMs: number; readonly events: number }[];
  /** When the last poller found the queue empty, in ms since the start. */
  readonly durationMs: number;
  readonly invocations: number;
}

const TIMEOUT_MS = 60_000;
/** Nothing takes longer than this in virtual time, or it never ends. */
const LONGEST_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Runs the real handler in virtual time between a model of SQS and the Heap simulator, with as many containers as may run
 * at once, until the queue is empty. Everything that goes wrong is in the options, so the same options give the same run.
 */
export async function runWorld(options: WorldOptions): Promise<World> {
  const time: VirtualTime = createVirtualTime();
  const { clock } = time;
  const startedAt = clock.now();
  const random = createRandom(options.seed);
  const heap = createHeap(clock.now, { ...HEAP_RULES, isAtomic: options.isAtomic });
  heap.refuse(options.isBad);
  const queue = createVirtualQueue({
    now: clock.now,
    random,
    isFifo: options.isFifo,
    visibilityTimeoutS: 420,
    maxReceiveCount: 200,
  });
  const heapFaults = options.heapFaults.values();
  const queueFaults = options.queueFaults.values();
  const crashes = options.crashes.values();
  const letters: Letter[] = [];
  const reports: BatchReport[] = [];
  const problems: string[] = [];
  let requests = 0;
  const sentAtMs: number[] = [];
  const taken: { atMs: number; events: number }[] = [];
  let invocations = 0;

  /** One container: what it does after its death reaches nobody. */
  function startContainer(): { readonly handle: Handler; readonly die: () => void } {
    let isAlive = true;
    const whileAlive = async <Value>(work: () => Promise<Value> | Value): Promise<Value> =>
      isAlive ? await work() : await new Promise<never>(() => undefined);
    const handle = createHandler({
      settings: readSettings({ appId: '11', ...options.config }),
      runtime: {
        queueUrl: 'https://sqs/queue',
        deadLetterQueueUrl: 'https://sqs/dead-letters',
        maxReceiveCount: options.maxReceiveCount,
        maximumConcurrency: options.maximumConcurrency,
        heapBaseUrl: 'https://heap',
      },
      clock: { now: clock.now, sleep: (ms) => whileAlive(() => clock.sleep(ms)) },
      random,
      transport: (url, body, timeoutMs) => whileAlive(() => post(url, body, timeoutMs)),
      loadQueues: () => whileAlive(() => queuesOf(whileAlive)),
      telemetry: {
        startInvocation: () => undefined,
        reportBatch: (report) => void reports.push(report),
        reportProblem(code, error) {
          if (code === 'internal_error') problems.push(`internal error: ${String(error)}`);
        },
      },
    });
    return { handle, die: () => void (isAlive = false) };
  }

  const post: Transport = async (url, body, timeoutMs) => {
    const latency = options.latenciesMs[requests] ?? options.steadyLatencyMs;
    requests += 1;
    const atMs = clock.now() - startedAt;
    sentAtMs.push(atMs);
    const fault = heapFaults.next().value ?? { kind: 'none' };
    const kind = url.endsWith('/api/track') ? 'track' : 'add_user_properties';
    const arrive = (): Answer => {
      const entries = countEntries(body);
      const { status, body: text } =
        entries > options.mostEntries ? { status: 413, body: 'Payload Too Large' } : heap.handle(kind, body);
      if (status === 200 && kind === 'track') taken.push({ atMs, events: entries });
      return { kind: 'answered', status, retryAfter: undefined, body: text };
    };
    const isLate = latency >= timeoutMs;
    await clock.sleep(Math.min(latency / 2, timeoutMs));
    if (fault.kind === 'status') {
      await clock.sleep(Math.min(latency / 2, timeoutMs / 2));
      return { kind: 'answered', status: fault.status, retryAfter: fault.retryAfter, body: 'asked for' };
    }
    const answer = fault.kind === 'none' || fault.isStored ? arrive() : undefined;
    if (isLate || fault.kind === 'silence') {
      await clock.sleep(timeoutMs - Math.min(latency / 2, timeoutMs));
      return { kind: 'timeout' };
    }
    await clock.sleep(latency / 2);
    if (answer === undefined || fault.kind === 'cut')
      return { kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' };
    return answer;
  };

  function countEntries(body: string): number {
    const parsed: { readonly events?: unknown[]; readonly users?: unknown[] } = JSON.parse(body);
    return (parsed.events ?? parsed.users ?? []).length;
  }

  function queuesOf(whileAlive: <Value>(work: () => Promise<Value> | Value) => Promise<Value>): Queues {
    const nextFault = (): QueueFault => queueFaults.next().value ?? 'none';
    return {
      sendLetters: (batch) =>
        whileAlive(async () => {
          await clock.sleep(10);
          const fault = nextFault();
          if (fault === 'throws') throw new Error('SQS is not there');
          const safe = batch.map(() => fault === 'none' || random() < 0.5);
          letters.push(...batch.filter((_, index) => safe[index] === true));
          return safe;
        }),
      changeVisibility: (changes) =>
        whileAlive(async () => {
          await clock.sleep(10);
          const fault = nextFault();
          if (fault === 'throws') throw new Error('SQS is not there');
          const wanted = changes.filter(() => fault === 'none' || random() < 0.5);
          const done = wanted.filter(({ receiptHandle, visibilityTimeoutS }) =>
            queue.changeVisibility(receiptHandle, visibilityTimeoutS),
          );
          return changes.length - done.length;
        }),
    };
  }

  /** What one of Lambda's pollers does, with a container of its own. */
  async function poll(): Promise<void> {
    let container = startContainer();
    while (queue.size() > 0) {
      if (clock.now() - startedAt > LONGEST_MS) {
        problems.push(`${queue.size()} messages never leave the queue`);
        return;
      }
      const records = queue.receive(options.batchSize);
      if (records.length === 0) {
        if (queue.size() > 0) await clock.sleep(Math.max(100, queue.nextVisibleAt() - clock.now()));
        continue;
      }
      for (const { receiptHandle } of records)
        if (random() < options.duplicateShare) queue.changeVisibility(receiptHandle, 0);
      const crashAfterMs = crashes.next().value;
      const isAnswered = await invoke(container.handle, records, crashAfterMs);
      if (!isAnswered) {
        container.die();
        container = startContainer();
      }
    }
  }

  /** @returns false when the container has died on the way: nothing is deleted then */
  async function invoke(handle: Handler, records: SQSRecord[], crashAfterMs: number | undefined): Promise<boolean> {
    invocations += 1;
    const invokedAt = clock.now();
    const left = (): number => Math.max(0, invokedAt + TIMEOUT_MS - clock.now());
    const answering = handle({ Records: records }, { getRemainingTimeInMillis: left }).then((response) => ({
      response,
    }));
    const death = crashAfterMs === undefined ? [] : [clock.sleep(crashAfterMs).then(() => undefined)];
    const answer = await Promise.race([answering, ...death]);
    if (answer === undefined) return false;
    if (left() === 0) problems.push('the handler returned after its deadline');
    const failed = failedRecords({ kind: 'response', response: answer.response }, records);
    for (const { messageId, receiptHandle } of records) if (!failed.has(messageId)) queue.remove(receiptHandle);
    return true;
  }

  for (const { body, groupId } of options.bodies) queue.send(body, groupId);
  await time.run(async () => {
    await Promise.all(Array.from({ length: options.maximumConcurrency }, poll));
  });
  return { heap, queue, letters, reports, problems, sentAtMs, taken, durationMs: clock.now() - startedAt, invocations };
}
