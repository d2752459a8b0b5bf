import { CALM, runWorld } from '../virtual/world.ts';
import { billedOwnMs, EVENTS, functionDollars, sqsDollars, type Bill, type Invocation } from './bill.ts';

/** What a backlog of one app costs while Heap's rate limit holds it up. */
export interface Backlog {
  readonly bill: Bill;
  /** For a million events. */
  readonly billedSeconds: number;
  readonly invocations: number;
  /** Of a message. */
  readonly receives: number;
  /** When half, and 99 of 100, of the events were sent, in s since the start. */
  readonly p50: number;
  readonly p99: number;
}

export interface BacklogOptions {
  /** How many are in the queue; they determine how much of the run is the start, in which Heap's limit is not used up yet. */
  readonly events: number;
  readonly eventsPerMessage: number;
  /** The function's timeout, in ms: it waits for the rate limit as long as it has time, and gives back what would have to wait longer. */
  readonly timeoutMs: number;
  readonly heapMs: number;
  readonly memoryMb: number;
  readonly maximumConcurrency: number;
  readonly invocation: Invocation;
}

const EVENTS_IN_A_BATCH = 1000;

/** Delivers a backlog in virtual time, with the real handler, and computes its bill for a million events. */
export async function runBacklog(options: BacklogOptions): Promise<Backlog> {
  const { events, eventsPerMessage, timeoutMs, heapMs, memoryMb, maximumConcurrency, invocation } = options;
  const messages = events / eventsPerMessage;
  const world = await runWorld({
    ...CALM,
    bodies: Array.from({ length: messages }, (_, index) => ({ body: bodyOf(index, eventsPerMessage) })),
    batchSize: EVENTS_IN_A_BATCH / eventsPerMessage,
    maximumConcurrency,
    steadyLatencyMs: heapMs,
    timeoutMs,
  });
  if (world.problems.length > 0) throw new Error(world.problems.join('; '));
  const delays = world.taken.flatMap(({ sentAt, events: sent }) =>
    Array.from({ length: sent }, () => (sentAt - world.startedAt) / 1000),
  );
  delays.sort((a, b) => a - b);
  const at = (share: number): number => delays[Math.floor((delays.length - 1) * share)] ?? Number.NaN;
  const givenBack = world.reports.reduce((sum, { recordsDeferred }) => sum + recordsDeferred, 0) / messages;
  const receives = world.receives / messages;
  const invocations = (world.invocations * EVENTS) / events;
  const billedMs = world.billedMs / world.invocations + billedOwnMs(invocation.ownMs, memoryMb);
  return {
    bill: {
      sqs: sqsDollars(eventsPerMessage, receives, givenBack),
      ...functionDollars({ invocations, billedMs, memoryMb, logBytes: invocation.logBytes }),
    },
    billedSeconds: (billedMs / 1000) * invocations,
    invocations,
    receives,
    p50: at(0.5),
    p99: at(0.99),
  };
}

function bodyOf(message: number, events: number): string {
  const batch = Array.from({ length: events }, (_, index) => {
    const id = message * events + index;
    return { type: 'track', event: 'A', userId: `user-${id}`, messageId: `message-${id}` };
  });
  return JSON.stringify({ batch });
}
