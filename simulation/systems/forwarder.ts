import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { settle } from '../../lib/forwarding/settle.ts';
import type { Clock } from '../../lib/clock.ts';
import type { HandlerDependencies } from '../../lib/forwarding/create-handler.ts';
import type { Queues } from '../../lib/forwarding/queues.ts';
import type { Transport } from '../../lib/heap/transport.ts';
import { OPTIONAL } from '../../lib/forwarding/optional.ts';
import { readSettings } from '../../lib/rudderstack/settings.ts';
import { createContainer, type Container } from '../../local/virtual/container.ts';
import type { SimulatedEvent } from '../model/event.ts';
import { startPollers, type InvocationEnd } from '../model/pollers.ts';
import { createQueue, type Queue, type Received } from '../model/sqs.ts';
import { startArrivals } from './arrivals.ts';
import { DUPLICATE_SHARE, invocationFault, isPolling, MEMORY_GB, NOT_STARTED_AFTER_MS } from './lambda-incidents.ts';
import { eventsIn, toBody } from './rudderstack-events.ts';
import type { System, World } from './system.ts';

/** The settings of template.yaml. test/simulation/forwarder.test.ts compares them. */
export const SETTINGS = {
  batchSize: 1000,
  batchWindowS: 5,
  maximumConcurrency: 2,
  retryHours: 48,
  timeoutS: 60,
  visibilityTimeoutS: 420,
  maxReceiveCount: 1000,
  retentionS: 12 * 24 * 60 * 60,
} as const;

/** An invocation's CPU time, in ms: docs/performance.md, on the share of a core that 512 MB get. */
const CPU_MS = { each: 2, record: 0.042 };
/** Lambda replaces a container after some time. Assumed. */
const CONTAINER_LIVES_MS = 2 * 60 * 60 * 1000;
const SEND_MS = 15;
const CHANGE_VISIBILITY_MS = 10;
/** The run starts at this time, in ms since 1970. */
const EPOCH_MS = 1_795_000_000_000;

type Record = Received<SimulatedEvent>;

/** This project: the real handler of lib/, between the models of SQS, of Lambda's pollers, and of Heap. */
export const forwarder: System = {
  name: 'forwarder',
  title: 'this project',
  start(world) {
    const { scheduler, random, scenario } = world;
    const reasons = new Map<string, number>();
    const queue = createQueue<SimulatedEvent>({
      now: scheduler.now,
      random,
      visibilityTimeoutMs: SETTINGS.visibilityTimeoutS * 1000,
      maxReceiveCount: SETTINGS.maxReceiveCount,
      retentionMs: SETTINGS.retentionS * 1000,
      onGivenUp: (event) => void (event.isGivenUp = true),
    });
    const mayGetMore = startArrivals(world, queue.send);
    const lambda = createLambda(world, queue, reasons);
    startPollers({
      scheduler,
      queue,
      random,
      batchSize: SETTINGS.batchSize,
      batchWindowMs: SETTINGS.batchWindowS * 1000,
      concurrency: () => SETTINGS.maximumConcurrency,
      isPolling: () => isPolling(scenario, scheduler.now()),
      mayGetMore,
      duplicateShare: DUPLICATE_SHARE,
      invoke: (batch, done) => scheduler.start(async () => done(await lambda.invoke(batch))),
    });
    return { usage: () => ({ ...queue.counts, ...lambda.usage, reasons }) };
  },
};

interface NumberedContainer extends Container {
  readonly bornAt: number;
}

interface Lambda {
  readonly invoke: (batch: readonly Record[]) => Promise<InvocationEnd<SimulatedEvent>>;
  readonly usage: { readonly gbSeconds: number; readonly invocations: number };
}

function createLambda(world: World, queue: Queue<SimulatedEvent>, reasons: Map<string, number>): Lambda {
  const { scenario, scheduler, random } = world;
  const idle: NumberedContainer[] = [];
  const usage = { gbSeconds: 0, invocations: 0 };
  let started = 0;

  function takeContainer(): NumberedContainer {
    const warm = idle.pop();
    if (warm !== undefined && scheduler.now() - warm.bornAt < CONTAINER_LIVES_MS) return warm;
    started += 1;
    return { ...createContainer(dependenciesOf(world, queue, reasons, started)), bornAt: scheduler.now() };
  }

  return {
    usage,
    async invoke(batch) {
      const startedAt = scheduler.now();
      usage.invocations += 1;
      const fault = invocationFault(scenario, startedAt, random);
      if (fault.kind === 'not_started') {
        await scheduler.sleep(NOT_STARTED_AFTER_MS);
        return { kind: 'failed' };
      }
      const container = takeContainer();
      const left = (): number => Math.max(0, startedAt + SETTINGS.timeoutS * 1000 - scheduler.now());
      const records = batch.map(toRecord);
      const answering = container.handle({ Records: records }, { getRemainingTimeInMillis: left });
      const death = fault.kind === 'dies' ? [scheduler.sleep(fault.afterMs).then(() => undefined)] : [];
      const response = await Promise.race([answering, ...death]);
      await scheduler.sleep(CPU_MS.each + CPU_MS.record * batch.length);
      usage.gbSeconds += ((scheduler.now() - startedAt) / 1000) * MEMORY_GB;
      if (response === undefined) {
        container.die();
        return { kind: 'failed' };
      }
      idle.push(container);
      return { kind: 'answered', failed: failedOf(batch, response) };
    },
  };
}

function failedOf(batch: readonly Record[], { batchItemFailures }: SQSBatchResponse): ReadonlySet<Record> {
  const ids = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return new Set(batch.filter((record) => ids.has(messageIdOf(record))));
}

/** What the real handler uses, in virtual time. */
function dependenciesOf(
  { events, heap, scheduler, random }: World,
  queue: Queue<SimulatedEvent>,
  reasons: Map<string, number>,
  caller: number,
): HandlerDependencies {
  const count = (reason: string): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const clock: Clock = { now: () => EPOCH_MS + scheduler.now(), sleep: scheduler.sleep };
  const transport: Transport = async (_, body, timeoutMs) => {
    const answer = await heap.bulk({ events: eventsIn(body.toString(), events), caller, timeoutMs });
    if (answer.kind === 'unreachable') return { ...answer, isConnectionLost: false, detail: 'ENOTFOUND' };
    return answer.kind === 'timeout' ? answer : { ...answer, body: '' };
  };
  return {
    settings: readSettings({ appId: '11' }),
    runtime: {
      queueUrl: 'https://sqs/queue',
      deadLetterQueueUrl: 'https://sqs/dead-letters',
      retryHours: SETTINGS.retryHours,
      maximumConcurrency: SETTINGS.maximumConcurrency,
      heapBaseUrl: 'https://heap',
    },
    clock,
    random,
    transport,
    loadQueues: () => Promise.resolve(createQueues(scheduler.sleep, queue, events, count)),
    loadSettle: () => Promise.resolve(settle),
    loadOptional: () => Promise.resolve(OPTIONAL),
    telemetry: {
      startInvocation: () => undefined,
      onAttempt: () => undefined,
      onMerged: () => undefined,
      reportUnknownSettings: () => undefined,
      onProblem: (code) => count(`problem: ${code}`),
      reportBatch({ outcomes }) {
        for (const outcome of outcomes) if (outcome.kind === 'deferred') count(`deferred: ${outcome.reason}`);
      },
    },
  };
}

function createQueues(
  sleep: Clock['sleep'],
  queue: Queue<SimulatedEvent>,
  events: readonly SimulatedEvent[],
  count: (reason: string) => void,
): Queues {
  return {
    async sendDeadLetters(messages) {
      await sleep(SEND_MS);
      for (const { body, attributes } of messages) {
        for (const event of eventsIn(body, events)) {
          event.isGivenUp = true;
          count(`${event.isBad ? '' : 'good event '}dead-lettered: ${attributes?.['reason']?.StringValue}`);
        }
      }
      return messages.map(() => ({ kind: 'sent' }));
    },
    async changeVisibility(changes) {
      await sleep(CHANGE_VISIBILITY_MS);
      const done = changes.filter(({ receiptHandle, visibilityTimeoutS }) =>
        queue.changeVisibility(Number(receiptHandle), visibilityTimeoutS * 1000),
      );
      return changes.length - done.length;
    },
  };
}

function messageIdOf({ body }: Record): string {
  return `message-${body.id}`;
}

function toRecord(record: Record): SQSRecord {
  return {
    messageId: messageIdOf(record),
    receiptHandle: String(record.handle),
    body: toBody(record.body),
    attributes: {
      ApproximateReceiveCount: String(record.receiveCount),
      SentTimestamp: String(EPOCH_MS + record.sentAt),
      SenderId: 'simulation',
      ApproximateFirstReceiveTimestamp: String(EPOCH_MS + record.firstReceivedAt),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:queue',
    awsRegion: 'us-east-1',
  };
}
