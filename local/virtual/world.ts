import type { SQSRecord } from 'aws-lambda';
import { settle } from '../../lib/forwarding/settle.ts';
import type { Clock } from '../../lib/clock.ts';
import type { HandlerDependencies } from '../../lib/forwarding/create-handler.ts';
import type { BatchReport } from '../../lib/forwarding/forward.ts';
import type { Attempt } from '../../lib/heap/client.ts';
import type { JsonObject } from '../../lib/json.ts';
import { OPTIONAL } from '../../lib/forwarding/optional.ts';
import { transformingWith } from '../../lib/forwarding/transforming.ts';
import { readSettings } from '../../lib/rudderstack/settings.ts';
import type { TransformEvent } from '../../lib/transformation/transform-event.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { createHeap, HEAP_RULES, type Heap } from '../heap-simulator/heap.ts';
import { failedRecords } from '../lambda/partial-batch-response.ts';
import { createContainer, type Container } from './container.ts';
import { createFunctionQueues, type QueueConditions } from './function-queues.ts';
import { createVirtualTransport, type HeapConditions, type TakenEvents } from './heap-transport.ts';
import { createVirtualQueue, type VirtualQueue } from './queue.ts';
import { createRandom } from './random.ts';
import { createVirtualTime } from './time.ts';

/** The setup of a run, and all of its faults. */
export interface Circumstances extends HeapConditions, QueueConditions {
  readonly seed: number;
  readonly isFifo: boolean;
  readonly batchSize: number;
  readonly maximumConcurrency: number;
  /** How long an event is tried again since its first receive, in hours. */
  readonly retryHours: number;
  /** The time that the first invocations have, in ms, in order: whole numbers or fractions. */
  readonly shortTimeoutsMs: readonly number[];
  /** The time that all further invocations have, in ms: the function's timeout. */
  readonly timeoutMs: number;
  /** For each invocation, after how many ms its process dies; undefined when it does not. */
  readonly crashes: readonly (number | undefined)[];
  /** The share of received records that stay visible, so that they are received twice, in [0, 1]. */
  readonly duplicateShare: number;
  readonly isAtomic: boolean;
}

/** A message that is to be sent to the queue. */
export interface Arrival {
  readonly body: string;
  readonly groupId?: string;
  /** In ms since the start of the run; 0 if left out. */
  readonly arrivesAtMs?: number;
}

export interface WorldOptions extends Circumstances {
  readonly bodies: readonly Arrival[];
  readonly isBad: (entry: JsonObject) => boolean;
  readonly config?: JsonObject;
  /** The owner's transformation; none if left out. */
  readonly transformEvent?: TransformEvent | undefined;
  /** How long Lambda waits for more messages when the queue was empty, in ms; 0 if left out. */
  readonly batchWindowMs?: number;
}

export interface World {
  readonly heap: Heap;
  readonly queue: VirtualQueue;
  readonly deadLetters: readonly OutgoingMessage[];
  readonly reports: readonly BatchReport[];
  /** Every request to Heap, except for those of containers that died meanwhile. */
  readonly attempts: readonly Attempt[];
  readonly problems: readonly string[];
  readonly taken: readonly TakenEvents[];
  /** When single requests failed or were slow, in ms since 1970, in order. */
  readonly faultTimes: readonly number[];
  /** In ms since 1970, by the virtual clock. */
  readonly startedAt: number;
  /** The time until the queue was empty, in ms. */
  readonly durationMs: number;
  readonly invocations: number;
  /** The time that all invocations took together, in ms, without the function's own CPU. */
  readonly billedMs: number;
  /** Messages that were received, each as often as it was. */
  readonly receives: number;
}

/** Options of a run without faults. */
export const CALM: Omit<WorldOptions, 'bodies'> = {
  seed: 1,
  isFifo: false,
  batchSize: 1000,
  maximumConcurrency: 1,
  retryHours: 48,
  shortTimeoutsMs: [],
  timeoutMs: 60_000,
  outages: [],
  heapFaults: [],
  latenciesMs: [],
  steadyLatencyMs: 50,
  queueFaults: [],
  queueLatenciesMs: [],
  crashes: [],
  duplicateShare: 0,
  isAtomic: true,
  mostEntries: 1000,
  isBad: () => false,
};

/** The queue of template.yaml. */
const QUEUE = { visibilityTimeoutS: 420, maxReceiveCount: 1000, retentionS: 12 * 24 * 60 * 60 };
/** A run with more invocations than this makes no progress. */
const MOST_INVOCATIONS = 200_000;
/** How often a poller looks while another one runs an invocation. */
const LOOK_AGAIN_MS = 5000;
/**
 * SQS delivers twice in the first hours of a run only. A duplicate counts as a receive, so with one at every second receive
 * for days, SQS itself would give up a message, by its maxReceiveCount.
 */
const DUPLICATES_END_MS = 12 * 60 * 60 * 1000;

/** The queue's visibility timeout: AWS asks for six times the function's timeout at least. */
export function visibilityTimeoutMs({ timeoutMs }: Pick<Circumstances, 'timeoutMs'>): number {
  return Math.max(QUEUE.visibilityTimeoutS, Math.ceil((6 * timeoutMs) / 1000)) * 1000;
}

/**
 * Runs the real handler in virtual time, between a model of SQS and the Heap simulator, with the maximum concurrency, until
 * every message has arrived and the queue is empty. All faults are in the options, so the same options give the same run.
 */
export async function runWorld(options: WorldOptions): Promise<World> {
  const time = createVirtualTime();
  const { clock } = time;
  const startedAt = clock.now();
  const random = createRandom(options.seed);
  const heap = createHeap(clock.now, { ...HEAP_RULES, isAtomic: options.isAtomic });
  heap.refuse(options.isBad);
  const visibilityTimeoutS = visibilityTimeoutMs(options) / 1000;
  const queue = createVirtualQueue({ ...QUEUE, visibilityTimeoutS, now: clock.now, random, isFifo: options.isFifo });
  const deadLetters: OutgoingMessage[] = [];
  const { reports, attempts, problems, telemetry } = createRecorder();
  const { post, taken, faultTimes } = createVirtualTransport(clock, heap, options);
  const queues = createFunctionQueues(clock, random, queue, deadLetters, options);
  const startContainer = (): Container =>
    createContainer({
      settings: readSettings({ appId: '11', ...options.config }),
      runtime: {
        queueUrl: 'https://sqs/queue',
        deadLetterQueueUrl: 'https://sqs/dead-letters',
        retryHours: options.retryHours,
        maximumConcurrency: options.maximumConcurrency,
        heapBaseUrl: 'https://heap',
      },
      clock,
      random,
      transport: post,
      loadQueues: () => Promise.resolve(queues),
      loadSettle: () => Promise.resolve(settle),
      loadOptional: () => Promise.resolve(OPTIONAL),
      loadTransforming: loaderOf(options.transformEvent),
      telemetry,
    });
  const arrivals = createArrivals(clock, queue, options.bodies);
  const lambda: Lambda = {
    clock,
    random,
    queue,
    arrivals,
    startContainer,
    onProblem: (problem) => void problems.push(problem),
    timeouts: options.shortTimeoutsMs.values(),
    crashes: options.crashes.values(),
    invocations: 0,
    billedMs: 0,
    receives: 0,
    running: 0,
  };
  await time.run(async () => {
    await Promise.all([
      arrivals.run(),
      ...Array.from({ length: options.maximumConcurrency }, () => poll(options, lambda)),
    ]);
  });
  const { invocations, billedMs, receives } = lambda;
  return {
    heap,
    queue,
    deadLetters,
    reports,
    attempts,
    problems,
    taken,
    faultTimes,
    startedAt,
    durationMs: clock.now() - startedAt,
    invocations,
    billedMs,
    receives,
  };
}

function loaderOf(transformEvent: TransformEvent | undefined): HandlerDependencies['loadTransforming'] {
  return transformEvent && (() => Promise.resolve(transformingWith(transformEvent)));
}

/** What the containers report. */
interface Recorder {
  readonly reports: readonly BatchReport[];
  readonly attempts: readonly Attempt[];
  readonly problems: string[];
  readonly telemetry: HandlerDependencies['telemetry'];
}

function createRecorder(): Recorder {
  const reports: BatchReport[] = [];
  const attempts: Attempt[] = [];
  const problems: string[] = [];
  const telemetry: HandlerDependencies['telemetry'] = {
    startInvocation: () => undefined,
    reportUnknownSettings: () => undefined,
    reportBatch: (report) => void reports.push(report),
    onAttempt: (attempt) => void attempts.push(attempt),
    onMerged: () => undefined,
    onProblem(code, error) {
      if (code === 'internal_error') problems.push(`internal error: ${String(error)}`);
    },
  };
  return { reports, attempts, problems, telemetry };
}

/** Sends the messages to the queue, each at its time. */
interface Arrivals {
  readonly run: () => Promise<void>;
  /** When the next message arrives, in ms since 1970; Infinity when all have. */
  readonly next: () => number;
}

function createArrivals(clock: Clock, queue: VirtualQueue, bodies: readonly Arrival[]): Arrivals {
  const startedAt = clock.now();
  const inOrder = bodies.toSorted((a, b) => (a.arrivesAtMs ?? 0) - (b.arrivesAtMs ?? 0));
  let sent = 0;
  const next = (): number => {
    const arrival = inOrder[sent];
    return arrival === undefined ? Infinity : startedAt + (arrival.arrivesAtMs ?? 0);
  };
  const sendDue = (): void => {
    for (; next() <= clock.now(); sent += 1) {
      const { body, groupId } = inOrder[sent] ?? { body: '' };
      queue.send(body, groupId);
    }
  };
  // Those that are there from the start, the first poller finds.
  sendDue();
  return {
    next,
    async run() {
      for (; next() < Infinity; sendDue()) await clock.sleep(next() - clock.now());
    },
  };
}

/** What the pollers share. */
interface Lambda {
  readonly clock: Clock;
  readonly random: () => number;
  readonly queue: VirtualQueue;
  readonly arrivals: Arrivals;
  readonly startContainer: () => Container;
  readonly onProblem: (problem: string) => void;
  readonly timeouts: Iterator<number, undefined>;
  readonly crashes: Iterator<number | undefined, undefined>;
  invocations: number;
  billedMs: number;
  receives: number;
  /** Invocations that have not ended yet. */
  running: number;
}

/** One of Lambda's pollers, with its own container. */
async function poll(options: WorldOptions, lambda: Lambda): Promise<void> {
  const { clock, random, queue, arrivals, startContainer, onProblem } = lambda;
  const startedAt = clock.now();
  let container = startContainer();
  while (queue.size() > 0 || arrivals.next() < Infinity) {
    if (lambda.invocations > MOST_INVOCATIONS) {
      onProblem(`${queue.size()} messages are still in the queue after ${lambda.invocations} invocations`);
      return;
    }
    const records = queue.receive(options.batchSize);
    if (records.length === 0) {
      // A running invocation may make a message visible earlier than it is now.
      const lookAgainAt = lambda.running > 0 ? clock.now() + LOOK_AGAIN_MS : Infinity;
      const next = Math.min(queue.nextVisibleAt(), arrivals.next(), lookAgainAt);
      if (next < Infinity) await clock.sleep(Math.max(100, next - clock.now()) + (options.batchWindowMs ?? 0));
      continue;
    }
    const hasDuplicates = clock.now() - startedAt < DUPLICATES_END_MS;
    for (const { receiptHandle } of hasDuplicates ? records : []) {
      if (random() < options.duplicateShare) queue.changeVisibility(receiptHandle, 0);
    }
    lambda.invocations += 1;
    lambda.receives += records.length;
    lambda.running += 1;
    const invokedAt = clock.now();
    const timeoutMs = lambda.timeouts.next().value ?? options.timeoutMs;
    const end = await invoke(container, records, clock, { timeoutMs, crashAfterMs: lambda.crashes.next().value });
    lambda.running -= 1;
    lambda.billedMs += clock.now() - invokedAt;
    if (end.kind === 'died') container = startContainer();
    else if (end.isLate) onProblem('the handler returned after its deadline');
    for (const receiptHandle of end.kind === 'died' ? [] : end.done) queue.remove(receiptHandle);
  }
}

type InvocationEnd =
  /** Nothing is deleted from the queue. */
  | { readonly kind: 'died' }
  /** `done` holds the receipt handles of the records that Lambda deletes. */
  | { readonly kind: 'answered'; readonly isLate: boolean; readonly done: readonly string[] };

async function invoke(
  container: Container,
  records: SQSRecord[],
  clock: Clock,
  { timeoutMs, crashAfterMs }: { readonly timeoutMs: number; readonly crashAfterMs: number | undefined },
): Promise<InvocationEnd> {
  const invokedAt = clock.now();
  const left = (): number => Math.max(0, invokedAt + timeoutMs - clock.now());
  const answering = container
    .handle({ Records: records }, { getRemainingTimeInMillis: left })
    .then((response) => ({ response }));
  const death = crashAfterMs === undefined ? [] : [clock.sleep(crashAfterMs).then(() => undefined)];
  const answer = await Promise.race([answering, ...death]);
  if (answer === undefined) {
    container.die();
    return { kind: 'died' };
  }
  const failed = failedRecords({ kind: 'response', response: answer.response }, records);
  const done = records.filter(({ messageId }) => !failed.has(messageId));
  return { kind: 'answered', isLate: left() === 0, done: done.map(({ receiptHandle }) => receiptHandle) };
}
