import { PRICES } from './prices.ts';

/** What comes in, and how the stack is set. */
export interface Situation {
  readonly eventsPerSecond: number;
  readonly eventsPerMessage: number;
  /** The parameters of template.yaml. */
  readonly batchSize: number;
  readonly batchWindowSeconds: number;
  readonly memoryMb: number;
  /** How long Heap takes to answer, in ms. */
  readonly heapMs: number;
  /** Requests to Heap that wait for each other: one for user properties, one for events. */
  readonly roundTrips: number;
}

/** What one invocation takes, as measured: its own time at a full CPU, and the bytes of its log. */
export interface Invocation {
  readonly ownMs: number;
  readonly logBytes: number;
}

/** Dollars for a million events. */
export interface Bill {
  readonly sqs: number;
  readonly lambda: number;
  readonly logs: number;
}

export const EVENTS = 1_000_000;
/** About as long as the events that `npm run bench` uses. */
const EVENT_BYTES = 800;
/** A request to SQS is billed for each 64 KB that it carries. */
const SQS_CHUNK_BYTES = 64 * 1024;
/** Messages in a call to SQS: the most that it takes. */
const MESSAGES_IN_A_CALL = 10;
/** The log lines that Lambda itself writes for an invocation, in bytes: start, end and report, as JSON. */
export const PLATFORM_LOG_BYTES = 1000;
/** The memory at which Lambda gives a function one full vCPU, in MB. */
export const MEMORY_PER_VCPU_MB = 1769;
const FIREHOSE_RECORD_BYTES = 5 * 1024;
const GIBIBYTE = 1024 ** 3;

/** How many events an invocation really gets: what arrives in the window, in whole messages, up to the batch size. */
export function eventsInBatch({
  eventsPerSecond,
  eventsPerMessage,
  batchSize,
  batchWindowSeconds,
}: Pick<Situation, 'eventsPerSecond' | 'eventsPerMessage' | 'batchSize' | 'batchWindowSeconds'>): number {
  const arrived = Math.floor((eventsPerSecond * batchWindowSeconds) / eventsPerMessage);
  return Math.min(batchSize, Math.max(1, arrived)) * eventsPerMessage;
}

/**
 * The bill for a million events when the queue is nearly empty: nothing waits for a rate limit.
 *
 * @param invocationOf what an invocation with so many events takes
 */
export function billOf(situation: Situation, invocationOf: (events: number) => Invocation): Bill {
  const { eventsPerMessage, memoryMb, heapMs, roundTrips } = situation;
  const events = eventsInBatch(situation);
  const { ownMs, logBytes } = invocationOf(events);
  const billedMs = roundTrips * heapMs + billedOwnMs(ownMs, memoryMb);
  return {
    sqs: sqsDollars(eventsPerMessage, 1, 0),
    ...functionDollars({ invocations: EVENTS / events, billedMs, memoryMb, logBytes }),
  };
}

/** What the function's own work is billed as, in ms: with less memory it gets less of a CPU. */
export function billedOwnMs(ownMs: number, memoryMb: number): number {
  return ownMs * Math.max(1, MEMORY_PER_VCPU_MB / memoryMb);
}

/**
 * What SQS costs for a million events: sending and deleting once, receiving, and changing visibility timeouts, ten messages a call.
 *
 * @param receives of a message
 * @param givenBack how often a message goes back to the queue
 */
export function sqsDollars(eventsPerMessage: number, receives: number, givenBack: number): number {
  const calls = EVENTS / eventsPerMessage / MESSAGES_IN_A_CALL;
  const chunks = Math.ceil((MESSAGES_IN_A_CALL * eventsPerMessage * EVENT_BYTES) / SQS_CHUNK_BYTES);
  return calls * (chunks * (1 + receives) + 1 + givenBack) * PRICES.sqsRequest.dollars;
}

/** What invocations cost. `billedMs` and `logBytes` are those of one. */
export function functionDollars({
  invocations,
  billedMs,
  memoryMb,
  logBytes,
}: Readonly<Record<'invocations' | 'billedMs' | 'memoryMb' | 'logBytes', number>>): Omit<Bill, 'sqs'> {
  const gbSeconds = (billedMs / 1000) * (memoryMb / 1024);
  return {
    lambda: invocations * (gbSeconds * PRICES.lambdaGbSecond.dollars + PRICES.lambdaRequest.dollars),
    logs: ((invocations * (logBytes + PLATFORM_LOG_BYTES)) / 1e9) * PRICES.logGb.dollars,
  };
}

export const totalOf = ({ sqs, lambda, logs }: Bill): number => sqs + lambda + logs;

/** Other ways from a queue or an API to an HTTP endpoint, and what a million events cost there, one event a record. */
export function alternatives(): readonly { readonly what: string; readonly dollars: number }[] {
  const pipe = EVENTS * (PRICES.pipeRequest.dollars + PRICES.apiDestination.dollars);
  return [
    { what: 'SQS, EventBridge Pipes and an API destination', dollars: sqsDollars(1, 1, 0) + pipe },
    {
      what: 'Data Firehose with an HTTP endpoint',
      dollars: ((EVENTS * FIREHOSE_RECORD_BYTES) / GIBIBYTE) * PRICES.firehoseGb.dollars,
    },
  ];
}

/** How long an invocation of the Lambda destination is assumed to take, nearly all of which is SQS's answer, and its memory. */
const DESTINATION_MS = 25;
const DESTINATION_GB = 0.5;

/** What RudderStack's Lambda destination adds for a million events: alone, and in arrays of 20, which share a message. */
export function destinationBills(): readonly Readonly<{ what: string; requests: number; time: number; sqs: number }>[] {
  return [1, 20].map((events) => {
    const invocations = EVENTS / events;
    return {
      what: events === 1 ? 'one event an invocation' : `${events} events an invocation`,
      requests: invocations * PRICES.lambdaRequest.dollars,
      time: invocations * (DESTINATION_MS / 1000) * DESTINATION_GB * PRICES.lambdaGbSecond.dollars,
      sqs: invocations * PRICES.sqsRequest.dollars,
    };
  });
}

/** Dollars an hour of invocations of the Lambda destination that wait for SQS. */
export function waitingDestinations(invocations: number): number {
  return invocations * 3600 * DESTINATION_GB * PRICES.lambdaGbSecond.dollars;
}
