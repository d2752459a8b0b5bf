import { gunzipSync } from 'node:zlib';
import { isObject } from '../../lib/json.ts';
import { isBad, writeMail, type Schedule, type Sent } from './schedule.ts';
import { runWorld, type World } from '../../local/virtual/world.ts';

/** Enough for every schedule to end before the retry time is over: what is left to fail is what deserves it. */
const RETRY_HOURS = 48;

/**
 * Runs a schedule and checks every promise: each event ends in exactly one place, the right one; Heap holds what it has to
 * and nothing else; no limit of Heap's is exceeded; no handler is late.
 *
 * @throws an Error that names every broken promise
 */
export async function checkSchedule(schedule: Schedule): Promise<void> {
  const { bodies, sent } = writeMail(schedule);
  // Lambda takes no more than ten records of a FIFO queue at once.
  const batchSize = schedule.isFifo ? Math.min(10, schedule.batchSize) : schedule.batchSize;
  const world = await runWorld({ ...schedule, batchSize, bodies, isBad, retryHours: RETRY_HOURS });
  const broken = [
    ...world.problems,
    ...checkPlaces(sent, world),
    ...checkNothingElse(sent, world),
    ...checkDeadLetters(schedule, world),
    ...checkLimits(schedule, world),
  ];
  if (broken.length > 0) throw new Error(`${broken.length} promises broken:\n${broken.slice(0, 10).join('\n')}`);
}

type Place = 'heap' | 'dead_letter';

function checkPlaces(sent: readonly Sent[], { heap, deadLetters, queue }: World): string[] {
  const { events, users } = heap.contents();
  const markersOfEvents = new Set(events.map((event) => propertiesOf(event)['marker']));
  const namesOfUsers = new Set(users.flatMap(({ properties }) => Object.keys(properties)));
  const textOfDeadLetters = deadLetters.map(({ body }) => readable(body)).join('\n');
  return sent.flatMap((one) => {
    const places: Place[] = [];
    if (markersOfEvents.has(one.marker) || namesOfUsers.has(`m${one.marker}`)) places.push('heap');
    if (textOfDeadLetters.includes(one.marker) || queue.moved.some((body) => body.includes(one.marker)))
      places.push('dead_letter');
    const expected = expectedPlaces(one);
    return places.join() === expected.join()
      ? []
      : [`${one.fate} ${one.marker} is in [${places.join()}], not in [${expected.join()}]`];
  });
}

function expectedPlaces({ fate }: Sent): readonly Place[] {
  switch (fate) {
    case 'event':
    case 'user':
      return ['heap'];
    case 'filtered':
      return [];
    case 'rejected':
    case 'refused_event':
    case 'refused_user':
    case 'garbage':
      return ['dead_letter'];
  }
}

/** Heap's own deduplication is all that stands between a repetition and a double count, so the numbers have to be right. */
function checkNothingElse(sent: readonly Sent[], { heap }: World): string[] {
  const { events } = heap.contents();
  const expected = sent.filter(({ fate }) => fate === 'event').length;
  return events.length === expected ? [] : [`Heap holds ${events.length} events, not ${expected}`];
}

/** How long SQS may take, in ms, before the function gives up on a call that SQS may have obeyed all the same. */
const SLOW_CALL_MS = 3000;

/** An event is dead-lettered once, unless SQS itself delivers twice, a process dies, or SQS fails or is very slow. */
function checkDeadLetters(schedule: Schedule, { deadLetters }: World): string[] {
  const { duplicateShare, crashes, queueFaults, queueLatenciesMs } = schedule;
  const mayRepeat =
    duplicateShare > 0 ||
    crashes.some((crash) => crash !== undefined) ||
    queueFaults.some((fault) => fault !== 'none') ||
    queueLatenciesMs.some((latency) => latency >= SLOW_CALL_MS);
  const bodies = deadLetters.map(({ body }) => readable(body));
  const repeated = mayRepeat ? [] : bodies.filter((body, index) => bodies.indexOf(body) !== index);
  const silent = deadLetters.filter(({ attributes }) => attributes?.['reason'] === undefined);
  return [
    ...repeated.map((body) => `two dead letters for ${body}`),
    ...silent.map(({ body }) => `a dead letter without a reason: ${readable(body)}`),
  ];
}

/** A container that dies takes along what it has counted, so the limits are promised for those that live. */
function checkLimits({ crashes }: Schedule, { heap }: World): string[] {
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

function propertiesOf(event: { readonly properties?: unknown }): Readonly<Record<string, unknown>> {
  return isObject(event.properties) ? event.properties : {};
}
