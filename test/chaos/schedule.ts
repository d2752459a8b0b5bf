import fc from 'fast-check';
import type { JsonObject } from '../../lib/json.ts';
import type { QueueFault } from '../../local/virtual/function-queues.ts';
import type { HeapFailure, HeapFault, Outage } from '../../local/virtual/heap-transport.ts';
import type { Circumstances } from '../../local/virtual/world.ts';
import { eventsOf, HOSTILE_SHAPES, type Hostile, type HostileShape, type HostileSize } from './hostile.ts';

/** What has to become of an event in the end, as long as Heap can be reached. */
export type Fate =
  | 'event'
  | 'page'
  | 'user'
  /** A group: the properties of an account, and a property of a user. */
  | 'account'
  | 'filtered'
  | 'rejected'
  | 'refused_event'
  | 'refused_user'
  | 'refused_account'
  /** A group of which Heap refuses the user's property alone. */
  | 'refused_member'
  | 'garbage'
  | 'hostile'
  | TransformedFate;

/** What the transformation makes of an event, in a run with one. */
type TransformedFate =
  /** Two events, and a property of the user. */
  | 'split'
  /** Three events, of which Heap refuses one. */
  | 'refused_part'
  /** Three events, one of which cannot be sent. */
  | 'rejected_part'
  | 'dropped'
  | 'thrown';

/** An event as it was sent, and what has to become of it. */
export interface Sent {
  readonly fate: Fate;
  /** Found again in whatever the event ends up as, and in nothing else. */
  readonly marker: string;
  readonly appId: string;
  /** The user that a group says something about. */
  readonly member?: string;
  /** For a hostile body, which is one of these as a whole. */
  readonly hostile?: Pick<Hostile, 'fate' | 'events'>;
}

/** A run: what is sent, and everything that goes wrong on the way. */
export interface Schedule extends Circumstances {
  readonly messages: readonly MessagePlan[];
  /** The messages are sent so many times over, as other events. */
  readonly copies: number;
  /** How many apps share the queue. */
  readonly apps: number;
  /** A message arrives every so many ms. With 0 all of them are there at the start. */
  readonly arrivalMs: number;
  /** Whether the function has a transformation. */
  readonly isTransforming: boolean;
}

export interface EventPlan {
  readonly fate: Exclude<Fate, 'hostile'>;
  readonly user: number;
  readonly app: number;
  readonly hasMessageId: boolean;
}

export type MessagePlan =
  | { readonly kind: 'events'; readonly envelope: Envelope; readonly events: readonly EventPlan[] }
  | { readonly kind: 'hostile'; readonly shape: HostileShape; readonly size: HostileSize; readonly user: number };

const ENVELOPES = ['bare', 'array', 'batch', 'eventbridge', 'sns', 'wrapper', 'gzip', 'proxy'] as const;
export type Envelope = (typeof ENVELOPES)[number];

/** Where the app id of an event stands. An event without one belongs to app 11. All that is off by default is on. */
export const CONFIG: JsonObject = {
  appId: '{{ message.context.app || 11 }}',
  pageEvents: true,
  screenEvents: true,
  groupAccounts: true,
  accountIdProperty: 'account',
};
const MOST_APPS = 30;

export function appIdOf(app: number): string {
  return app === 0 ? '11' : `app-${app}`;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const eventPlan: fc.Arbitrary<EventPlan> = fc.record({
  fate: fc.oneof(
    { weight: 10, arbitrary: fc.constant<EventPlan['fate']>('event') },
    { weight: 2, arbitrary: fc.constant<EventPlan['fate']>('page') },
    { weight: 4, arbitrary: fc.constant<EventPlan['fate']>('user') },
    { weight: 3, arbitrary: fc.constant<EventPlan['fate']>('account') },
    {
      weight: 4,
      arbitrary: fc.constantFrom<EventPlan['fate']>(
        'filtered',
        'rejected',
        'refused_event',
        'refused_user',
        'refused_account',
        'refused_member',
        'garbage',
      ),
    },
    {
      weight: 4,
      arbitrary: fc.constantFrom<EventPlan['fate']>(
        'split',
        'split',
        'refused_part',
        'rejected_part',
        'dropped',
        'thrown',
      ),
    },
  ),
  user: fc.integer({ min: 0, max: 6 }),
  app: fc.nat(MOST_APPS - 1),
  hasMessageId: fc.boolean(),
});

const eventsPlan: fc.Arbitrary<MessagePlan> = fc.record({
  kind: fc.constant('events' as const),
  envelope: fc.constantFrom(...ENVELOPES),
  events: fc.array(eventPlan, { minLength: 1, maxLength: 4 }),
});

const hostilePlan: fc.Arbitrary<MessagePlan> = fc.record({
  kind: fc.constant('hostile' as const),
  shape: fc.constantFrom(...HOSTILE_SHAPES),
  size: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom<HostileSize>(1, 1, 2, 3) },
    { weight: 1, arbitrary: fc.constant<HostileSize>('huge') },
  ),
  user: fc.integer({ min: 0, max: 6 }),
});

/** Mostly none; a few hostile bodies at random places among the others. */
const messagePlans: fc.Arbitrary<MessagePlan[]> = fc.oneof(
  { weight: 4, arbitrary: fc.array(eventsPlan, { minLength: 1, maxLength: 30 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.array(eventsPlan, { minLength: 1, maxLength: 20 }),
        fc.array(fc.tuple(hostilePlan, fc.nat(20)), { minLength: 1, maxLength: 2 }),
      )
      .map(([events, hostile]) =>
        hostile.reduce<MessagePlan[]>((plans, [plan, at]) => plans.toSpliced(at % (plans.length + 1), 0, plan), events),
      ),
  },
);

/** Statuses that never mean an entry: those of a path, an account, a firewall, a proxy, or of Heap itself. */
const STATUSES: readonly number[] = (
  '300 301 302 303 304 307 308 401 402 403 404 405 406 407 408 409 410 411 412 414 415 416 417 418 421 423 424 425 426 ' +
  '428 429 431 451 499 500 501 502 503 504 505 507 508 511 520 521 522 524 529 599'
)
  .split(' ')
  .map(Number);
/** Statuses that may mean an entry. As an answer to every request they come once in a run, at any time. */
const DOUBTFUL = [400, 413, 422] as const;

const answer = (...statuses: readonly number[]): fc.Arbitrary<HeapFailure> =>
  fc.record(
    {
      kind: fc.constant('status' as const),
      status: fc.constantFrom(...statuses),
      retryAfter: fc.constantFrom('0', '3', '40', '900', 'Tue, 01 Jan 2030 00:00:00 GMT', 'soon'),
    },
    { requiredKeys: ['kind', 'status'] },
  );
const brokenConnection: fc.Arbitrary<HeapFailure> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), isStored: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('silence' as const), isStored: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<HeapFailure>({ kind: 'unreachable' }) },
);
const clearFailure = fc.oneof(
  { weight: 2, arbitrary: answer(...STATUSES) },
  { weight: 2, arbitrary: answer(429, 408, 500, 502, 503, 504, 301, 307) },
  { weight: 3, arbitrary: brokenConnection },
);

const heapFaults: fc.Arbitrary<HeapFault[]> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<HeapFailure[]>([]) },
      { weight: 1, arbitrary: fc.array(fc.oneof(answer(...DOUBTFUL), clearFailure), { maxLength: 20 }) },
    ),
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant<HeapFault>({ kind: 'none' }) },
        { weight: 7, arbitrary: clearFailure },
      ),
      { maxLength: 40 },
    ),
  )
  .map(([doubtful, later]) => [...doubtful, ...later]);

/** How long an outage lasts: in ms, or as a share of the retry time. */
const duration = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 90 }).map((seconds) => ({ ms: seconds * SECOND_MS })) },
  { weight: 2, arbitrary: fc.integer({ min: 2, max: 180 }).map((minutes) => ({ ms: minutes * MINUTE_MS })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 20 }).map((tenths) => ({ share: tenths / 10 })) },
  { weight: 1, arbitrary: fc.constant({ ms: Infinity }) },
);
const startMs = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 120 }).map((seconds) => seconds * SECOND_MS) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }).map((minutes) => minutes * MINUTE_MS) },
);

interface OutagePlan {
  readonly startMs: number;
  readonly lasts: { readonly ms?: number; readonly share?: number };
  readonly what: HeapFailure;
  readonly app: number | undefined;
  readonly call: Outage['call'];
}

const outagePlan: fc.Arbitrary<OutagePlan> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      startMs,
      lasts: duration,
      what: clearFailure,
      app: fc.option(fc.nat(MOST_APPS - 1), { nil: undefined, freq: 1 }),
      call: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Outage['call']>('track', 'add_user_properties', 'add_account_properties'),
        },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      startMs,
      lasts: duration,
      what: answer(...DOUBTFUL),
      app: fc.option(fc.nat(MOST_APPS - 1), { nil: undefined, freq: 1 }),
      call: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Outage['call']>('track', 'add_user_properties', 'add_account_properties'),
        },
      ),
    }),
  },
);

/** The function's timeout, or what is left of it: mostly what production has. */
const anyTimeoutMs = fc.oneof(
  { weight: 5, arbitrary: fc.constant(60_000) },
  { weight: 2, arbitrary: fc.integer({ min: 1000, max: 900_000 }) },
  { weight: 2, arbitrary: fc.double({ min: 1000, max: 60_000, noNaN: true }) },
);
const anyShortTimeoutMs = fc.oneof(
  fc.constantFrom(9987, 31_999.5),
  fc.integer({ min: 300, max: 60_000 }),
  fc.double({ min: 300, max: 32_000, noNaN: true }),
);

type Plan = Omit<Schedule, 'outages'> & { readonly outagePlans: readonly OutagePlan[] };

const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.integer(),
  messages: messagePlans,
  copies: fc.oneof({ weight: 40, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(40) }),
  apps: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 2, max: MOST_APPS }) },
  ),
  arrivalMs: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.constantFrom(100, 1000, 20_000, 10 * MINUTE_MS) },
  ),
  isTransforming: fc.boolean(),
  isFifo: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  batchSize: fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 30 }) },
    { weight: 3, arbitrary: fc.constantFrom(1, 10, 100, 1000) },
  ),
  maximumConcurrency: fc.constantFrom(1, 2, 3),
  retryHours: fc.constantFrom(1, 2, 3, 6, 12, 24, 48, 48, 144),
  shortTimeoutsMs: fc.oneof(fc.constant([]), fc.array(anyShortTimeoutMs, { maxLength: 8 })),
  timeoutMs: anyTimeoutMs,
  outagePlans: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.array(outagePlan, { minLength: 1, maxLength: 3 }) },
  ),
  heapFaults,
  latenciesMs: fc.array(fc.constantFrom(0, 20, 300, 2000, 9000, 15_000), { maxLength: 30 }),
  steadyLatencyMs: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(0, 20, 300) },
    { weight: 1, arbitrary: fc.constantFrom(2000, 9000, 15_000) },
  ),
  queueFaults: fc.array(fc.constantFrom<QueueFault>('none', 'some_fail', 'throws'), { maxLength: 8 }),
  queueLatenciesMs: fc.array(fc.constantFrom(10, 10, 200, 3000, 20_000, 70_000), { maxLength: 8 }),
  crashes: fc.array(fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined, freq: 3 }), { maxLength: 5 }),
  duplicateShare: fc.constantFrom(0, 0, 0.1, 0.5),
  isAtomic: fc.boolean(),
  mostEntries: fc.oneof({ weight: 5, arbitrary: fc.constant(1000) }, { weight: 1, arbitrary: fc.constantFrom(3, 50) }),
});

function isDoubtful(failure: HeapFault): boolean {
  return failure.kind === 'status' && DOUBTFUL.some((status) => status === failure.status);
}

/**
 * Leaves out all but one time in which Heap refuses everything. An event that is refused in two of them, with others accepted
 * in between, looks like a bad one. Those that begin at the start are one.
 */
function refusingOnce(plan: Plan): Plan {
  const refusing = plan.outagePlans.filter(({ what }) => isDoubtful(what));
  const first = plan.heapFaults.some(isDoubtful) ? undefined : refusing.find(({ startMs: fromMs }) => fromMs > 0);
  const isKept = (one: OutagePlan): boolean =>
    !isDoubtful(one.what) || one === first || (first === undefined && one.startMs === 0);
  return { ...plan, outagePlans: plan.outagePlans.filter(isKept) };
}

/** Random batches and everything that the network, Heap, SQS and Lambda may do to them. */
export const schedules: fc.Arbitrary<Schedule> = plans
  .map(refusingOnce)
  .map(withProgress)
  .map(({ outagePlans, ...plan }): Schedule => ({
    ...plan,
    outages: outagePlans.map(({ startMs: fromMs, lasts, what, app, call }): Outage => ({
      fromMs,
      toMs: fromMs + (lasts.ms ?? (lasts.share ?? 1) * plan.retryHours * HOUR_MS),
      what,
      ...(app === undefined ? {} : { appId: appIdOf(app % plan.apps) }),
      ...(call === undefined ? {} : { call }),
    })),
  }));

/**
 * The limits of the generator: what nobody could do in the retry time is left out.
 *
 * - Two requests, one after the other, have to fit into an invocation: new events, and a part of what was refused before. On a FIFO
 *   queue there are the properties too that are sent again behind them.
 * - All requests, one after the other, have to fit into a small part of the retry time.
 * - A request without an answer must not take the whole time of every invocation.
 * - On a FIFO queue each message of a group waits for the one before it, and SQS keeps a message for some days only.
 */
function withProgress(plan: Plan): Plan {
  const hostile = plan.messages.filter(({ kind }) => kind === 'hostile').length;
  const copies = hostile > 0 ? 1 : Math.min(plan.copies, plan.isFifo ? 4 : Infinity);
  const messages = plan.messages.length * copies;
  // Every message comes back for itself, again and again, so this bounds what a run costs, too. A hostile one costs more.
  const mostHours = Math.max(2, Math.floor((plan.isFifo ? 120 : 720) / (messages + 10 * hostile)));
  const retryHours = Math.min(plan.retryHours, mostHours);
  const isFast = copies > 1 || neededMs(plan) > (retryHours * HOUR_MS) / 4;
  const steadyLatencyMs = isFast ? Math.min(plan.steadyLatencyMs, 20) : plan.steadyLatencyMs;
  const isSilent = plan.outagePlans.some(({ what }) => what.kind === 'silence');
  const timeoutMs = Math.max(
    plan.timeoutMs,
    isSilent ? SILENT_TIMEOUT_MS : 1000,
    timeoutFor((plan.isFifo ? 3.3 : 2.3) * steadyLatencyMs),
  );
  return {
    ...plan,
    copies,
    retryHours,
    steadyLatencyMs,
    timeoutMs,
    shortTimeoutsMs: plan.shortTimeoutsMs.map((shortMs) => Math.min(shortMs, timeoutMs)),
  };
}

/** In ms: an attempt without an answer takes ten seconds of it. */
const SILENT_TIMEOUT_MS = 20_000;

/** An invocation keeps a quarter of its time, and 8 s at most, for SQS. */
function timeoutFor(sendingMs: number): number {
  return Math.min((sendingMs * 4) / 3, sendingMs + 8000);
}

function sendingMsOf(timeoutMs: number): number {
  return timeoutMs - Math.min(timeoutMs / 4, 8000);
}

/** How long Heap needs for all requests of a schedule, and the records for coming back in between. A rough upper bound. */
export function neededMs({
  messages,
  copies,
  batchSize,
  mostEntries,
  steadyLatencyMs,
  timeoutMs,
  isTransforming,
}: Omit<Schedule, 'outages'>): number {
  const fates = messages
    .flatMap((plan) => (plan.kind === 'events' ? plan.events : []))
    .map((one) => fateOf(one, isTransforming));
  const calls = fates.reduce((sum, fate) => sum + (PARTS.has(fate) ? 3 : 1), 0);
  const hostile = messages.reduce(
    (sum, plan) => sum + (plan.kind === 'hostile' ? eventsOf(plan.shape, plan.size) : 0),
    0,
  );
  const events = (calls + hostile) * copies;
  const bad = fates.filter((fate) => fate.startsWith('refused')).length * copies;
  const batch = Math.min(Math.max(batchSize * 4, hostile), 1000, events);
  const requests = (4 * events) / Math.min(batch, mostEntries) + 2 * bad * Math.ceil(Math.log2(batch + 1));
  const invocations = requests / Math.max(1, Math.floor(sendingMsOf(timeoutMs) / (steadyLatencyMs + 1)));
  // Refused requests count against the rate limit of an identity, of which a container has a third.
  const halvings = mostEntries < batch ? Math.log2(batch / mostEntries) : 0;
  const limitedMs = ((6 * events * halvings) / 300) * MINUTE_MS;
  return requests * steadyLatencyMs + invocations * 4 * MINUTE_MS + limitedMs;
}

/** Of these the transformation makes several events. */
export const PARTS: ReadonlySet<Fate> = new Set(['split', 'refused_part', 'rejected_part']);
const OF_TRANSFORMATION: ReadonlySet<Fate> = new Set([...PARTS, 'dropped', 'thrown']);

/** Without a transformation, what it would change is an event like others. */
export function fateOf({ fate }: EventPlan, isTransforming: boolean): EventPlan['fate'] {
  return isTransforming || !OF_TRANSFORMATION.has(fate) ? fate : 'event';
}
