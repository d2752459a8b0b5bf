import { gunzipSync } from 'node:zlib';
import type { HeapCallKind } from '../../lib/heap/api.ts';
import { isObject } from '../../lib/json.ts';
import { runWorld, visibilityTimeoutMs, type World } from '../../local/virtual/world.ts';
import { eventsOf } from './hostile.ts';
import { isBad, transformEvent, writeMail } from './mail.ts';
import { CONFIG, neededMs, type Schedule, type Sent } from './schedule.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The longest that a record waits after a failure, without a `Retry-After`: this, or a share of its age. */
const LONGEST_BACKOFF_MS = 5 * MINUTE_MS;
const SHARE_OF_AGE = 48;
/** The longest `Retry-After` that is obeyed. */
const LONGEST_RETRY_AFTER_MS = 5 * MINUTE_MS;

/**
 * Runs a schedule and checks every promise: each event ends in exactly one place, the right one; Heap holds what it has to
 * and nothing else; nothing is given up before or after its time, or without need; no limit of Heap's is exceeded; no
 * handler is late.
 *
 * @throws an Error that names every broken promise
 */
export async function checkSchedule(schedule: Schedule): Promise<void> {
  const broken = await brokenPromises(schedule);
  if (broken.length > 0) throw new Error(`${broken.length} promises broken:\n${broken.slice(0, 10).join('\n')}`);
}

/** Runs a schedule and returns a sentence for every broken promise. */
export async function brokenPromises(schedule: Schedule): Promise<readonly string[]> {
  const { bodies, sent } = writeMail(schedule);
  // Lambda takes no more than ten records of a FIFO queue at once.
  const batchSize = schedule.isFifo ? Math.min(10, schedule.batchSize) : schedule.batchSize;
  const transformation = schedule.isTransforming ? { transformEvent } : {};
  const world = await runWorld({ ...schedule, ...transformation, batchSize, bodies, isBad, config: CONFIG });
  const findings = find(world);
  // On a FIFO queue what is deferred holds back its group, until it is given up itself.
  const inFrontOf = (index: number): readonly InFront[] =>
    sent.slice(0, index).flatMap((record, before) => {
      if (bodies[before]?.groupId !== bodies[index]?.groupId) return [];
      const heldUntil = world.queue.receipts.get(`message-${before + 1}`)?.lastVisibleAt ?? world.startedAt;
      return record.map((one) => ({ one, heldUntil }));
    });
  return [
    ...world.problems,
    ...sent.flatMap((events, index) =>
      events.flatMap((one) =>
        checkPlaces(
          one,
          { messageId: `message-${index + 1}`, record: events, inFront: schedule.isFifo ? inFrontOf(index) : [] },
          findings,
          schedule,
          world,
        ),
      ),
    ),
    ...checkNothingElse(sent.flat(), findings),
    ...checkDeadLetters(findings, schedule, world),
    ...checkLimits(schedule, world),
  ];
}

/** A dead letter of the function. */
interface DeadLetter {
  readonly text: string;
  readonly reason: string | undefined;
  readonly detail: string;
  readonly messageId: string;
  /** In ms since 1970. */
  readonly failedAt: number;
}

/** Everything that is left after a run, by marker. */
interface Findings {
  /** The app ids of what Heap holds: one for each event, and one for each property of a user or an account. */
  readonly inHeap: ReadonlyMap<string, readonly string[]>;
  /** The account of each user, by app and user. */
  readonly accountOf: ReadonlyMap<string, unknown>;
  readonly deadLetters: readonly DeadLetter[];
  readonly deadLettersOf: ReadonlyMap<string, readonly DeadLetter[]>;
}

const MARKERS = /<\d+\.\d+\.\d+>/g;

function find({ heap, deadLetters }: World): Findings {
  const inHeap = new Map<string, string[]>();
  const { events, users, accounts } = heap.contents();
  for (const event of events) {
    const { marker } = isObject(event['properties']) ? event['properties'] : {};
    put(inHeap, String(marker), String(event['app_id']));
  }
  for (const { appId, properties } of [...users, ...accounts]) {
    for (const name of Object.keys(properties))
      for (const [marker] of name.matchAll(MARKERS)) put(inHeap, marker, appId);
  }
  const read = deadLetters.map(({ body, attributes }): DeadLetter => ({
    text: readable(body),
    reason: attributes?.['reason']?.StringValue,
    detail: attributes?.['detail']?.StringValue ?? '',
    messageId: attributes?.['sourceMessageId']?.StringValue ?? '',
    failedAt: Date.parse(attributes?.['failedAt']?.StringValue ?? ''),
  }));
  const deadLettersOf = new Map<string, DeadLetter[]>();
  for (const one of read) {
    for (const marker of new Set(one.text.match(MARKERS) ?? [])) put(deadLettersOf, marker, one);
  }
  const accountOf = new Map(
    users.map(({ appId, identity, properties }) => [`${appId} ${identity}`, properties['account']]),
  );
  return { inHeap, accountOf, deadLetters: read, deadLettersOf };
}

function put<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/** In a queue in which Heap takes no other properties of an app, nothing shows that these are bad. */
const BAD_PROPERTIES: ReadonlySet<Sent['fate']> = new Set(['refused_user', 'refused_account', 'refused_member']);

/** Where an event was sent. */
interface Place {
  readonly messageId: string;
  readonly record: readonly Sent[];
  /** What its group has to wait for. */
  readonly inFront: readonly InFront[];
}

/** An event of an earlier record of the same FIFO group. */
interface InFront {
  readonly one: Sent;
  /** When its record was received for the last time, in ms since 1970. */
  readonly heldUntil: number;
}

function checkPlaces(
  self: Sent,
  { messageId, record, inFront }: Place,
  { inHeap, accountOf, deadLettersOf }: Findings,
  schedule: Schedule,
  world: World,
): readonly string[] {
  const { fate, marker, appId, member, hostile } = self;
  const apps = inHeap.get(marker) ?? [];
  const deadLetters = deadLettersOf.get(marker) ?? [];
  const givenUp = deadLetters.filter(({ reason }) => reason === 'retries_exhausted');
  const wrongApp = apps.filter((one) => one !== appId).map((one) => `${fate} ${marker} is in ${one}, not in ${appId}`);
  const says = (what: string): string => `${fate} ${marker} of ${messageId}: ${what}`;

  if (givenUp.length > 0 && !fate.startsWith('refused_')) {
    // Its last answer may have been lost, so it may be in Heap all the same.
    const mayFail = ({ fate: its, appId: app }: Sent, deadLetter: DeadLetter): boolean =>
      BAD_PROPERTIES.has(its) || wasUnavailable({ appId: app, call: callOf(its), deadLetter }, schedule, world);
    // It may be in Heap also if its record was kept for another event that had a reason to fail until the end: the record
    // may then end in a container that does not know what another one has delivered.
    const reasons = (apps.includes(appId) ? record : [self]).filter(isSentToHeap);
    const needless = givenUp.filter((deadLetter) => {
      // What was in front is no reason for what is given up long after it was gone.
      const wasHeldBack = ({ one, heldUntil }: InFront): boolean =>
        isSentToHeap(one) &&
        mayFail(one, deadLetter) &&
        wasUnavailable({ appId, call: callOf(fate), deadLetter, since: heldUntil }, schedule, world);
      return !reasons.some((one) => mayFail(one, deadLetter)) && !inFront.some(wasHeldBack);
    });
    return [...wrongApp, ...needless.map(({ detail }) => says(`given up although Heap could be reached (${detail})`))];
  }
  const isOfAccount = member === undefined || accountOf.get(`${appId} ${member}`) === member.replace('user', 'account');
  const inHeapOnly = apps.length > 0 && deadLetters.length === 0;
  const deadOnly = apps.length === 0 && deadLetters.length > 0;
  const places = `${apps.length} times in Heap, ${deadLetters.length} dead letters (${deadLetters[0]?.reason})`;
  switch (fate) {
    case 'event':
    case 'page':
    case 'user':
      return inHeapOnly && apps.length === 1 ? wrongApp : [says(`not delivered once: ${places}`)];
    case 'account':
      if (!isOfAccount) return [says('the user is not in the account')];
      return inHeapOnly && apps.length === 1 ? wrongApp : [says(`not delivered once: ${places}`)];
    case 'refused_member':
      return deadLetters.length > 0 ? wrongApp : [says(`not dead-lettered: ${places}`)];
    case 'split':
      return inHeapOnly && apps.length === 3 ? wrongApp : [says(`not all of it delivered once: ${places}`)];
    case 'refused_part':
    case 'rejected_part': {
      const isGivenUp = givenUp.length > 0 && apps.length <= 2;
      return deadLetters.length > 0 && (apps.length === 2 || isGivenUp)
        ? wrongApp
        : [says(`not its good parts delivered once and the whole dead-lettered: ${places}`)];
    }
    case 'dropped':
    case 'filtered':
      return apps.length + deadLetters.length === 0 ? [] : [says(`filtered, but ${places}`)];
    case 'thrown':
    case 'rejected':
    case 'refused_event':
    case 'refused_user':
    case 'refused_account':
    case 'garbage':
      return deadOnly ? [] : [says(`not dead-lettered alone: ${places}`)];
    case 'hostile': {
      const isDelivered = inHeapOnly && apps.length === Math.max(1, hostile?.events ?? 0);
      const isMixed = hostile?.fate === 'mixed' && deadLetters.length > 0;
      const isRight = hostile?.fate === 'rejected' ? deadOnly : isDelivered || deadOnly || isMixed;
      return isRight ? wrongApp : [says(`neither delivered nor dead-lettered as a whole: ${places}`)];
    }
  }
}

const NEVER_SENT: ReadonlySet<Sent['fate']> = new Set(['filtered', 'dropped', 'rejected', 'thrown', 'garbage']);

/** Whether an event is sent to Heap. Any other one has its outcome at once, so its record is not kept for it. */
function isSentToHeap({ fate }: Sent): boolean {
  return !NEVER_SENT.has(fate);
}

const TRACKS: ReadonlySet<Sent['fate']> = new Set(['event', 'page', 'refused_event', 'refused_part', 'rejected_part']);

/** The call that an event makes; undefined for one that makes calls of several kinds. */
function callOf(fate: Sent['fate']): HeapCallKind | undefined {
  if (fate === 'user' || fate === 'refused_user') return 'add_user_properties';

  return TRACKS.has(fate) ? 'track' : undefined;
}

interface GivenUp {
  readonly appId: string;
  readonly call: HeapCallKind | undefined;
  readonly deadLetter: DeadLetter;
  /** When its turn came, in ms since 1970, if that was after the first receive of its record. */
  readonly since?: number;
}

/**
 * Whether there was no time, between the first receive of a record, or its turn, and its end, in which it had to get through: a span
 * without outage or fault that is longer than the longest wait.
 */
function wasUnavailable({ appId, call, deadLetter, since = 0 }: GivenUp, schedule: Schedule, world: World): boolean {
  const from = Math.max(since, world.queue.receipts.get(deadLetter.messageId)?.firstReceivedAt ?? world.startedAt);
  const outages = schedule.outages
    .filter(
      (one) => (one.appId ?? appId) === appId && (one.call === undefined || call === undefined || one.call === call),
    )
    .map(({ fromMs, toMs }) => [world.startedAt + fromMs, world.startedAt + toMs] as const);
  const down = [...outages, ...world.faultTimes.map((at) => [at, at] as const)].toSorted(([a], [b]) => a - b);
  const until = deadLetter.failedAt;
  let upSince = from;
  let longestUpMs = 0;
  for (const [start, end] of [...down, [until, until] as const]) {
    longestUpMs = Math.max(longestUpMs, Math.min(start, until) - upSince);
    upSince = Math.max(upSince, end);
  }
  return longestUpMs < longestWaitMs(schedule) * 2 + neededMs(schedule) + 10 * MINUTE_MS;
}

/**
 * The longest time between two tries of a record, as the schedule is.
 *
 * @param ageMs of the record, since its first receive
 */
function longestWaitMs(schedule: Schedule, ageMs: number = schedule.retryHours * HOUR_MS): number {
  const asks = [...schedule.heapFaults, ...schedule.outages.map(({ what }) => what)].map((fault) =>
    fault.kind === 'status' ? retryAfterMs(fault.retryAfter) : 0,
  );
  const backoffMs = Math.max(LONGEST_BACKOFF_MS, ageMs / SHARE_OF_AGE);
  return (
    Math.max(backoffMs, ...asks) +
    troubles(schedule) * Math.max(backoffMs, visibilityTimeoutMs(schedule)) +
    schedule.timeoutMs
  );
}

function retryAfterMs(header: string | undefined): number {
  if (header === undefined || header === 'soon') return 0;
  return Math.min(LONGEST_RETRY_AFTER_MS, /^\d+$/.test(header) ? Number(header) * SECOND_MS : LONGEST_RETRY_AFTER_MS);
}

/** Calls of the function to SQS that fail or take long, and processes that die: a record then comes back later. */
function troubles({ crashes, queueFaults, queueLatenciesMs, shortTimeoutsMs }: Schedule): number {
  return (
    crashes.filter((crash) => crash !== undefined).length +
    queueFaults.filter((fault) => fault !== 'none').length +
    queueLatenciesMs.filter((latency) => latency >= 200).length +
    shortTimeoutsMs.length
  );
}

const MAY_BE_IN_HEAP: ReadonlySet<Sent['fate']> = new Set([
  'event',
  'page',
  'user',
  'account',
  'refused_member',
  'split',
  'refused_part',
  'rejected_part',
  'hostile',
]);

/** Heap's own deduplication is all that stands between a repetition and a double count, so Heap holds nothing unknown. */
function checkNothingElse(sent: readonly Sent[], { inHeap }: Findings): readonly string[] {
  const mayBeInHeap = new Set(sent.filter(({ fate }) => MAY_BE_IN_HEAP.has(fate)).map(({ marker }) => marker));
  return [...inHeap.keys()].filter((marker) => !mayBeInHeap.has(marker)).map((marker) => `Heap holds ${marker}`);
}

/** How long SQS may take, in ms, before the function gives up on a call that SQS may have obeyed all the same. */
const SLOW_CALL_MS = 3000;
/** In ms. An invocation with less time gives up earlier. */
const LITTLE_TIME_MS = 20_000;

/** An event is dead-lettered once, unless SQS itself delivers twice, a process dies, or SQS fails or is very slow. */
function checkDeadLetters({ deadLetters }: Findings, schedule: Schedule, world: World): readonly string[] {
  const { duplicateShare, crashes, queueFaults, queueLatenciesMs, shortTimeoutsMs, timeoutMs } = schedule;
  const leastTimeMs = Math.min(timeoutMs, ...shortTimeoutsMs);
  const slowMs = leastTimeMs < LITTLE_TIME_MS ? leastTimeMs / 100 : SLOW_CALL_MS;
  const mayRepeat =
    duplicateShare > 0 ||
    crashes.some((crash) => crash !== undefined) ||
    queueFaults.some((fault) => fault !== 'none') ||
    [10, ...queueLatenciesMs].some((latency) => latency >= slowMs);
  const seen = new Set<string>();
  // The elements that are no events may look the same.
  const repeated = deadLetters.filter(({ text }) => text.search(MARKERS) >= 0 && seen.size === seen.add(text).size);
  const silent = deadLetters.filter(({ reason }) => reason === undefined);
  return [
    ...(mayRepeat ? [] : repeated.map(({ text }) => `two dead letters for ${text.slice(0, 200)}`)),
    ...silent.map(({ text }) => `a dead letter without a reason: ${text.slice(0, 200)}`),
    ...world.queue.moved.map((body) => `SQS moved ${body.slice(0, 200)}`),
    ...world.queue.expired.map((body) => `SQS deleted ${body.slice(0, 200)} at the end of its retention`),
    ...deadLetters.flatMap((one) => checkTime(one, schedule, world)),
  ];
}

/** Whatever is given up has had its retry time since its first receive, and then no more than one wait. */
function checkTime({ reason, messageId, failedAt }: DeadLetter, schedule: Schedule, world: World): readonly string[] {
  if (reason !== 'retries_exhausted') return [];
  const receipt = world.queue.receipts.get(messageId);
  if (receipt === undefined) return [`a dead letter of ${messageId}, which was never received`];
  const { firstReceivedAt, lastVisibleAt } = receipt;
  const retryMs = schedule.retryHours * HOUR_MS;
  const tookMs = failedAt - firstReceivedAt;
  const hours = (ms: number): string => `${(ms / HOUR_MS).toFixed(2)} h`;
  // The dead letter has its time in whole milliseconds.
  if (tookMs <= retryMs - 1) return [`${messageId} was given up early, after ${hours(tookMs)} of ${hours(retryMs)}`];
  // Pollers may be busy, so what counts is from when on it could be received.
  const visibleMs = lastVisibleAt - firstReceivedAt;
  const keptMs = retryMs + longestTurnMs(schedule);
  return visibleMs > keptMs + longestWaitMs(schedule, keptMs)
    ? [`${messageId} was given up late: it came back after ${hours(visibleMs)} of ${hours(retryMs)}`]
    : [];
}

/** The share of an identity's rate limit that a container has at the highest concurrency of the schedules. */
const FEW_EVENTS = 300;
/** With requests that take this share of its time, an invocation may have no time to bisect. */
const SLOW_SHARE = 1 / 12;

/** A record is kept for a day more if one of its events has failed, and another one waits for its turn or is not bisected yet. */
function longestTurnMs(schedule: Schedule): number {
  const { messages, copies, steadyLatencyMs, latenciesMs, timeoutMs, shortTimeoutsMs } = schedule;
  const events = messages.reduce(
    (sum, plan) => sum + (plan.kind === 'events' ? plan.events.length : eventsOf(plan.shape, plan.size)),
    0,
  );
  const isSlow = Math.max(steadyLatencyMs, ...latenciesMs) >= SLOW_SHARE * Math.min(timeoutMs, ...shortTimeoutsMs);
  return events * copies > FEW_EVENTS || isSlow ? 24 * HOUR_MS : 0;
}

/** A container that dies takes along what it has counted, so the limits are promised for those that live. */
function checkLimits({ crashes }: Schedule, { heap }: World): readonly string[] {
  const { mostEntries, overLimit } = heap.counts();
  return [
    ...(mostEntries > 1000 ? [`a request of ${mostEntries} entries`] : []),
    ...(overLimit > 0 && crashes.every((crash) => crash === undefined)
      ? [`${overLimit} requests over Heap's rate limits`]
      : []),
  ];
}

/** The body of a dead letter, decompressed. */
function readable(body: string): string {
  const bytes = Buffer.from(body, 'base64');
  if (body.startsWith('H4sI')) return gunzipSync(bytes).toString();
  const parsed: unknown = body.startsWith('{') ? JSON.parse(body) : undefined;
  const inner = isObject(parsed) && parsed['isBase64Encoded'] === true ? parsed['body'] : undefined;
  return typeof inner === 'string' ? Buffer.from(inner, 'base64').toString() : body;
}
