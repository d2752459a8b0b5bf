import type { SimulatedEvent } from '../model/event.ts';
import type { Answer } from '../model/heap.ts';
import { startPollers, type InvocationEnd } from '../model/pollers.ts';
import { createQueue, type Received } from '../model/sqs.ts';
import type { Usage } from '../result.ts';
import { startArrivals } from './arrivals.ts';
import { createConcurrency } from './concurrency.ts';
import { DUPLICATE_SHARE, invocationFault, isPolling, MEMORY_GB, NOT_STARTED_AFTER_MS } from './lambda-incidents.ts';
import type { World } from './system.ts';

/** How a Lambda function that sends one request for each record is set up. All durations are in ms. */
export interface LambdaSettings {
  readonly order: 'one_by_one' | 'all_at_once';
  /** The timeout of one request to Heap. */
  readonly requestTimeoutMs: number;
  readonly timeoutMs: number;
  readonly visibilityTimeoutMs: number;
  readonly maxReceiveCount: number;
}

type Record = Received<SimulatedEvent>;
type Done = (end: InvocationEnd<SimulatedEvent>) => void;

const BATCH_SIZE = 10;
/** SQS's default. */
const RETENTION_MS = 4 * 24 * 60 * 60 * 1000;
const CPU_MS = 2;

/** Starts a queue with a redrive policy and the function behind it. Failed records are reported, and the others deleted. */
export function startEventByEventLambda(world: World, settings: LambdaSettings): { readonly usage: () => Usage } {
  const { scenario, scheduler, random } = world;
  const usage = { gbSeconds: 0, invocations: 0 };
  const queue = createQueue<SimulatedEvent>({
    now: scheduler.now,
    random,
    visibilityTimeoutMs: settings.visibilityTimeoutMs,
    maxReceiveCount: settings.maxReceiveCount,
    retentionMs: RETENTION_MS,
    onGivenUp: (event) => void (event.isGivenUp = true),
  });

  function invoke(batch: readonly Record[], done: Done): void {
    const startedAt = scheduler.now();
    usage.invocations += 1;
    const fault = invocationFault(scenario, startedAt, random);
    if (fault.kind === 'not_started') {
      scheduler.at(startedAt + NOT_STARTED_AFTER_MS, () => done({ kind: 'failed' }));
      return;
    }
    let hasEnded = false;
    const end = (result: InvocationEnd<SimulatedEvent>): void => {
      if (hasEnded) return;
      hasEnded = true;
      usage.gbSeconds += ((scheduler.now() - startedAt + CPU_MS) / 1000) * MEMORY_GB;
      done(result);
    };
    const endsAfterMs = fault.kind === 'dies' ? fault.afterMs : settings.timeoutMs;
    scheduler.at(startedAt + endsAfterMs, () => end({ kind: 'failed' }));
    sendEach(world, settings, { batch, caller: usage.invocations, hasEnded: () => hasEnded, end });
  }

  startPollers({
    scheduler,
    queue,
    random,
    batchSize: BATCH_SIZE,
    batchWindowMs: 0,
    concurrency: createConcurrency(scheduler.now),
    isPolling: () => isPolling(scenario, scheduler.now()),
    mayGetMore: startArrivals(world, queue.send),
    duplicateShare: DUPLICATE_SHARE,
    invoke,
  });
  return { usage: () => ({ ...queue.counts, ...usage, reasons: new Map() }) };
}

interface Invocation {
  readonly batch: readonly Record[];
  readonly caller: number;
  readonly hasEnded: () => boolean;
  readonly end: Done;
}

function sendEach({ heap }: World, settings: LambdaSettings, { batch, caller, hasEnded, end }: Invocation): void {
  const failed = new Set<Record>();
  const { requestTimeoutMs: timeoutMs, order } = settings;
  let answers = 0;
  const waiting = [...batch];

  function sendNext(): void {
    const record = waiting.shift();
    if (record === undefined || hasEnded()) return;
    heap.single({ event: record.body, caller, timeoutMs }, (answer) => {
      if (!isSuccess(answer)) failed.add(record);
      answers += 1;
      if (answers === batch.length) end({ kind: 'answered', failed });
      else if (order === 'one_by_one') sendNext();
    });
  }

  if (order === 'one_by_one') sendNext();
  else for (const _ of batch) sendNext();
}

function isSuccess(answer: Answer): boolean {
  return answer.kind === 'answered' && answer.status >= 200 && answer.status < 300;
}
