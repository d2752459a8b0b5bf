import { parseJsonToPassOn } from '../../exact-json.ts';
import { isArray, isObject } from '../../json.ts';
import { jsonErrorPlace } from '../../json-error-place.ts';
import { countValues, isDeeperThan } from '../../json-text.ts';
import { isRudderStackType } from '../../rudderstack/event-types.ts';
import { MOST_DEAD_LETTERS } from '../../sqs/dead-letter.ts';
import { RECORD_LIMITS } from '../../work-limits.ts';
import { refuse, type Refusal } from '../http/refusal.ts';
import type { Route } from '../http/routes.ts';
import { placeOf, readElement, rejectElement, type Element, type Part } from './element.ts';
import { locateElements, type ListRest, type LocatedList } from './locate-elements.ts';

/** The maximum number of events per request. The SDKs send at most some hundreds. */
export const MOST_EVENTS = 100_000;
/** The maximum nesting depth. Deeper nesting only occurs in attacks. */
export const MOST_NESTING = 200;
/** The most characters of a body that is parsed as a whole: RudderStack's limit. A larger one is parsed element by element. */
const MOST_AT_ONCE = 4000 * 1024;
/** Texts up to this length cannot hold too many values, so their values need no counting. */
const UNCOUNTED_CHARACTERS = 2 * RECORD_LIMITS.values;

/** The elements of one request, in order. */
export interface ReceivedElements {
  readonly kind: 'elements';
  readonly elements: Iterable<Element>;
  /** The batch's own `sentAt`, unchecked. */
  readonly sentAt: unknown;
  /** The whole body. */
  readonly text: () => string;
}

/** A path whose body has events. */
export type PostedRoute = Extract<Route, { readonly kind: 'event' | 'batch' | 'webhook' }>;

/**
 * Reads the elements of a body. An element that cannot be used does not affect the others: if the body as a whole is not valid
 * JSON, or is nested too deep or too large to be parsed at once, each element is parsed by itself. Of a batch that is cut off, what
 * follows its complete elements is one more element, which cannot be used.
 *
 * @returns refused if it cannot be told where an element ends, if there is none, or if there are too many
 */
export function readEvents(route: PostedRoute, text: string): ReceivedElements | Refusal {
  if (route.kind === 'event') return readOne(route, text);
  return readAtOnce(route, text) ?? readOneByOne(route, text);
}

/**
 * Reads a body by parsing it as a whole, which is the fast way.
 *
 * @returns undefined if it has to be read element by element
 */
export function readAtOnce(route: PostedRoute, text: string): ReceivedElements | Refusal | undefined {
  if (text.length > MOST_AT_ONCE || hasTooManyValues(text) || isDeeperThan(text, MOST_NESTING)) return undefined;
  const body = parse(text);
  if (body.kind === 'failed') return undefined;
  const { value } = body;
  const values = isEvent(route, value) ? undefined : listIn(route, value);
  if (values === undefined) return route.kind === 'batch' ? refuse('empty_batch') : readOne(route, text);
  const problem = problemWith(values.length);
  if (problem !== undefined) return problem;
  let located: LocatedList | undefined;
  const textAt = (index: number): string => {
    located ??= locateElements(text, MOST_EVENTS);
    return located?.textAt(index) ?? '';
  };
  const characters = text.length / values.length;
  const read = (index: number): Element =>
    readElement(values[index], needsIdentity(route), { index, text: () => textAt(index), characters });
  return received(route, value, text, countUp(values.length, read));
}

/** Reads a body element by element: what cannot be used costs nothing else, and objects are built for one element at a time. */
export function readOneByOne(route: PostedRoute, text: string): ReceivedElements | Refusal {
  const located = locateElements(text, MOST_EVENTS);
  // SDKs store batches in files, which a crash may cut off. What other senders send is whole, or it is no batch.
  const list = located?.rest === undefined || route.kind === 'batch' ? located : undefined;
  if (list === undefined && route.kind !== 'batch') return readOne(route, text);
  const around = list?.withoutElements ?? text;
  if (isDeeperThan(around, MOST_NESTING)) return unreadable(text);
  if (hasTooManyValues(around)) return refuse('request_too_large', `the body ${TOO_MANY_VALUES}`);
  const rest = parse(around);
  if (isEvent(route, rest.kind === 'json' ? rest.value : undefined)) return readOne(route, text);
  if (rest.kind === 'failed') return unreadable(text);
  if (list === undefined || (route.kind === 'batch' && isArray(rest.value))) return refuse('empty_batch');
  if (list.rest !== undefined && list.count === 0) return unreadable(text);
  const problem = problemWith(list.count);
  if (problem !== undefined) return problem;
  return received(route, rest.value, text, parseEach(route, list));
}

function* parseEach(route: PostedRoute, { count, textAt, rest }: LocatedList): Generator<Element> {
  let broken = 0;
  for (let index = 0; index < count; index += 1) {
    const own = textAt(index);
    const part = { index, text: () => own, characters: own.length };
    const parsed = parseElement(part, own, broken < MOST_DEAD_LETTERS);
    if (parsed.kind === 'rejected') broken += 1;
    yield parsed.kind === 'json' ? readElement(parsed.value, needsIdentity(route), part) : parsed;
  }
  if (rest !== undefined && rest.text !== '') yield rejectRest(rest);
}

/** What follows the complete elements of a batch that is cut off. A quote that is missing in its first element may hide others. */
function rejectRest({ text, index }: ListRest): Element {
  const part = { index, text: () => text, characters: text.length };
  if (index === undefined) return rejectElement(part, 'not_json', 'the body is cut off after its last event');
  const isPlaced = !hasTooManyValues(text);
  const where = isPlaced ? `, ${jsonErrorPlace(text) ?? ''} of it` : '';
  return rejectElement(part, 'not_json', `${placeOf(part)} is not valid JSON${where}, and the body ends within it`);
}

/** Reads a body that is one element. */
function readOne(route: PostedRoute, text: string): ReceivedElements {
  const part = { index: undefined, text: () => text, characters: text.length };
  const parsed = parseElement(part, text, true);
  if (parsed.kind === 'rejected') return received(route, undefined, text, [parsed]);
  const { value } = parsed;
  const isTyped = route.kind === 'event' && isObject(value) && !JSON.isRawJSON(value);
  const event = isTyped ? { ...value, type: route.type } : value;
  return received(route, undefined, text, [readElement(event, needsIdentity(route), part)]);
}

function received(route: PostedRoute, body: unknown, text: string, elements: Iterable<Element>): ReceivedElements {
  const sentAt = route.kind === 'batch' && isObject(body) ? body['sentAt'] : undefined;
  return { kind: 'elements', elements, sentAt, text: () => text };
}

function* countUp(count: number, read: (index: number) => Element): Generator<Element> {
  for (let index = 0; index < count; index += 1) yield read(index);
}

/** @param isPlaced whether to look for the position of a syntax error, which takes several times as long as parsing */
function parseElement(
  part: Part,
  text: string,
  isPlaced: boolean,
): { readonly kind: 'json'; readonly value: unknown } | (Element & { readonly kind: 'rejected' }) {
  const place = placeOf(part);
  if (isDeeperThan(text, MOST_NESTING)) {
    return rejectElement(part, 'too_deep', `${place} is nested more than ${MOST_NESTING} levels deep`);
  }
  if (hasTooManyValues(text)) return rejectElement(part, 'too_large', `${place} ${TOO_MANY_VALUES}`);
  const parsed = parse(text);
  if (parsed.kind === 'json') return parsed;
  const position = isPlaced ? jsonErrorPlace(text) : undefined;
  // The body as a whole has been called invalid on the line before.
  if (part.index === undefined) return rejectElement(part, 'not_json', position ?? '');
  return rejectElement(
    part,
    'not_json',
    `${place} is not valid JSON${position === undefined ? '' : `, ${position} of it`}`,
  );
}

function parse(text: string): { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'failed' } {
  try {
    return { kind: 'json', value: parseJsonToPassOn(text) };
  } catch {
    return { kind: 'failed' };
  }
}

/** The body is refused as a whole. */
function unreadable(text: string): Refusal {
  if (isDeeperThan(text, MOST_NESTING))
    return refuse('too_deep', `the body is nested more than ${MOST_NESTING} levels deep`);
  // Finding a position takes as much memory as parsing the whole.
  return refuse('not_json', hasTooManyValues(text) ? 'in what is around the events' : jsonErrorPlace(text));
}

function problemWith(count: number): Refusal | undefined {
  if (count === 0) return refuse('empty_batch');
  if (count <= MOST_EVENTS) return undefined;
  return refuse('too_many_events', `the batch has ${count} events, the limit is ${MOST_EVENTS}`);
}

const TOO_MANY_VALUES = `has more than ${RECORD_LIMITS.values} JSON values`;

function hasTooManyValues(text: string): boolean {
  return text.length > UNCOUNTED_CHARACTERS && countValues(text, RECORD_LIMITS.values) > RECORD_LIMITS.values;
}

/** RudderStack drops an event that its webhook refuses. Accepted, it becomes a dead letter of the forwarder. */
function needsIdentity(route: PostedRoute): boolean {
  return route.kind !== 'webhook';
}

/** An event of RudderStack's servers may have a field of the name `batch`. */
function isEvent(route: PostedRoute, value: unknown): boolean {
  return route.kind === 'webhook' && isObject(value) && isRudderStackType(value['type']);
}

function listIn(route: PostedRoute, value: unknown): readonly unknown[] | undefined {
  if (isObject(value)) return isArray(value['batch']) ? value['batch'] : undefined;
  return route.kind === 'webhook' && isArray(value) ? value : undefined;
}
