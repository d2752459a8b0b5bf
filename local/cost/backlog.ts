import { CALM, runWorld } from '../virtual/world.ts';
import { billedOwnMs, EVENTS, functionDollars, sqsDollars, type Bill, type Invocation } from './bill.ts';

/** How a backlog of one app went out while Heap's rate limit held it up: in virtual time, so the same on every machine. */
export interface BacklogRun {
  readonly events: number;
  readonly eventsPerMessage: number;
  readonly invocations: number;
  /** What an invocation waited for Heap and for the rate limit, in ms, without its own work. */
  readonly waitedMs: number;
  /** Of a message. */
  readonly receives: number;
  /** How often a message went back to the queue. */
  readonly givenBack: number;
  /** When half, and 99 of 100, of the events were sent, in s since the start. */
  readonly p50: number;
  readonly p99: number;
}

/** What a backlog costs, for a million events. */
export interface BacklogBill {
  readonly bill: Bill;
  readonly billedSeconds: number;
}

export interface BacklogOptions {
  /** How many are in the queue; they determine how much of the run is the start, in which Heap's limit is not used up yet. */
  readonly events: number;
  readonly eventsPerMessage: number;
  /** The function's timeout, in ms: it waits for the rate limit as long as it has time, and gives back what would have to wait longer. */
  readonly timeoutMs: number;
  readonly heapMs: number;
  readonly maximumConcurrency: number;
}

const EVENTS_IN_A_BATCH = 1000;

/**
 * Who waits for the rate limit: the function, or the message in the queue. With the short timeout the function gives back what would have
 * to wait for more than about three seconds.
 */
export const WAITS = [
  { wait: 'waits in the function', timeoutMs: 60_000 },
  { wait: 'gives back', timeoutMs: 4000 },
] as const;

/** Delivers a backlog in virtual time, with the real handler. */
export async function runBacklog(options: BacklogOptions): Promise<BacklogRun> {
  const { events, eventsPerMessage, timeoutMs, heapMs, maximumConcurrency } = options;
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
  return {
    events,
    eventsPerMessage,
    invocations: world.invocations,
    waitedMs: world.billedMs / world.invocations,
    receives: world.receives / messages,
    givenBack: world.reports.reduce((sum, { recordsDeferred }) => sum + recordsDeferred, 0) / messages,
    p50: at(0.5),
    p99: at(0.99),
  };
}

/**
 * Computes the bill of a backlog.
 *
 * @param invocation what an invocation takes by itself
 */
export function billOfBacklog(
  { events, eventsPerMessage, waitedMs, receives, givenBack, ...run }: BacklogRun,
  invocation: Invocation,
  memoryMb: number,
): BacklogBill {
  const invocations = (run.invocations * EVENTS) / events;
  const billedMs = waitedMs + billedOwnMs(invocation.ownMs, memoryMb);
  return {
    bill: {
      sqs: sqsDollars(eventsPerMessage, receives, givenBack),
      ...functionDollars({ invocations, billedMs, memoryMb, logBytes: invocation.logBytes }),
    },
    billedSeconds: (billedMs / 1000) * invocations,
  };
}

function bodyOf(message: number, events: number): string {
  const batch = Array.from({ length: events }, (_, index) => {
    const id = message * events + index;
    return { type: 'track', event: 'A', userId: `user-${id}`, messageId: `message-${id}` };
  });
  return JSON.stringify({ batch });
}
