import { rejected, type Rejected } from '../outcome.ts';
import { isArray, isObject, valueAt, type JsonObject } from '../json.ts';
import type { RudderStackEvent } from './event.ts';
import { TOKEN } from '../json-scanner.ts';
import { countValues, elementTexts, memberText } from '../json-text.ts';
import { WORK_LIMITS } from '../work-limits.ts';

/**
 * One event from a record's body, or why it cannot be read. `text` returns its original JSON: the whole body for a record
 * with one event, otherwise the event's part of it. The text is extracted only when it is needed.
 */
export type Enveloped =
  | { readonly kind: 'event'; readonly event: RudderStackEvent; readonly text: () => string }
  | { readonly kind: 'rejected'; readonly rejection: Rejected; readonly text: () => string };

/** More envelopes than any real sender nests. The limit protects against bodies designed to exhaust the stack. */
const MAX_ENVELOPES = 8;
/** With more elements that are no events, their rejection has the text of the whole body. */
const MOST_OWN_TEXTS = 1000;
/** Texts of less than this in total cannot hold more values than a record may, so their values need no counting. */
const UNCOUNTED_CHARACTERS = 2 * WORK_LIMITS.recordValues;

/** What reading a record costs, or may cost at most. */
export interface ReadingCost {
  /** The characters of the body and of every text that is decoded or unwrapped from it. */
  readonly characters: number;
  /** The elements that are objects or arrays: events, and envelopes among them. */
  readonly events: number;
}

/** The events of a body, or that the room given for reading it is too small. */
export type Reading = (
  | { readonly kind: 'read'; readonly events: readonly Enveloped[] }
  | { readonly kind: 'no_room' }
) & { readonly cost: ReadingCost };

const WHOLE_RECORD: ReadingCost = { characters: WORK_LIMITS.recordCharacters, events: WORK_LIMITS.recordEvents };

/**
 * Removes the envelopes around the events of a record's body. These formats are recognized without configuration: one
 * event; an array; `{"batch":[…]}` as posted by the SDKs; EventBridge (`detail`); SNS (`Message`); a wrapper
 * `{"message":{…}}`; an API Gateway proxy request (`body`, `isBase64Encoded`); and any of these in base64, with or without
 * gzip. Never throws.
 *
 * Elements that are no events share one rejection, which comes last. A body beyond the limits of a record is rejected as a
 * whole.
 *
 * @returns at least one element, otherwise in the order of the body
 */
export function unwrap(body: string): readonly Enveloped[] {
  const reading = unwrapMeasured(body);
  return reading.kind === 'read' ? reading.events : [];
}

/**
 * Like `unwrap`, and tells what reading has cost. Reading stops as soon as it needs more than `room`, before the objects are
 * built that would need it.
 *
 * @param room the limits of a record, if it is larger than these
 */
export function unwrapMeasured(body: string, room: ReadingCost = WHOLE_RECORD): Reading {
  const state: ReadingState = { room, characters: 0, values: 0, events: 0, found: [], noEvents: [], noEventCount: 0 };
  if (room.events < 1) state.stopped = 'no_room';
  readText(state, body, MAX_ENVELOPES);
  const cost = { characters: state.characters, events: Math.max(1, state.events) };
  if (state.stopped === 'no_room') return { kind: 'no_room', cost };
  const events =
    state.stopped === undefined
      ? withNoEvents(state, body)
      : [{ kind: 'rejected' as const, rejection: state.stopped, text: () => body }];
  return { kind: 'read', events, cost };
}

/** A part of a body that is no event, or all such elements of one array. */
interface NoEvent {
  readonly detail: string;
  readonly texts: () => readonly string[];
}

interface ReadingState {
  readonly room: ReadingCost;
  characters: number;
  values: number;
  events: number;
  readonly found: Enveloped[];
  readonly noEvents: NoEvent[];
  noEventCount: number;
  /** Why reading has stopped, if it has. */
  stopped?: Rejected | 'no_room';
}

function withNoEvents({ found, noEvents, noEventCount }: ReadingState, body: string): readonly Enveloped[] {
  const [only] = found;
  if (noEventCount === 0) return only !== undefined && found.length === 1 ? [{ ...only, text: () => body }] : found;
  const [first = ''] = noEvents.map(({ detail }) => detail);
  const events = noEventCount + found.length;
  const detail = noEventCount === 1 ? first : `${noEventCount} of ${events} events were rejected, the first: ${first}`;
  const isWholeBody = found.length === 0 || noEventCount > MOST_OWN_TEXTS;
  const text = (): string => {
    if (isWholeBody) return body;
    const texts = noEvents.flatMap((one) => one.texts());
    return texts.length === 1 ? texts.join('') : `[${texts.join(',')}]`;
  };
  found.push(refuse('no_event', detail, text));
  return found;
}

/** Takes room for more work. */
function take(state: ReadingState, kind: keyof ReadingCost, amount: number): void {
  state[kind] += amount;
  if (state[kind] > WHOLE_RECORD[kind]) state.stopped = beyondLimit(kind);
  else if (state[kind] > state.room[kind]) state.stopped = 'no_room';
}

/** Counts the values of a text that is about to be parsed, if there may be too many of them. */
function takeValues(state: ReadingState, json: string): void {
  if (state.characters <= UNCOUNTED_CHARACTERS) return;
  state.values += countValues(json, WORK_LIMITS.recordValues - state.values);
  if (state.values > WORK_LIMITS.recordValues) state.stopped = beyondLimit('values');
}

function beyondLimit(kind: keyof ReadingCost | 'values'): Rejected {
  const { recordCharacters, recordValues, recordEvents } = WORK_LIMITS;
  switch (kind) {
    case 'characters':
      return rejected('too_large', `the record has more than ${recordCharacters} characters, unpacked`);
    case 'values':
      return rejected('too_large', `the record has more than ${recordValues} JSON values`);
    case 'events':
      return rejected('too_large', `the record has more than ${recordEvents} events`);
  }
}

function readText(state: ReadingState, text: string, envelopesLeft: number): void {
  take(state, 'characters', text.length);
  if (state.stopped !== undefined) return;
  // A byte order mark is not valid in JSON. trim() removes it too.
  const json = text.trim();
  const whole = (): string => json;
  if (json === '') {
    state.found.push(refuse('not_json', 'the body is empty', whole));
    return;
  }
  takeValues(state, json);
  if (state.stopped !== undefined) return;
  const parsed = parse(json);
  if (parsed.kind === 'json') {
    readValue(state, parsed.value, whole, envelopesLeft);
    return;
  }
  const decoded = envelopesLeft > 0 ? decode(state, json) : NOT_ENCODED;
  if (decoded.kind === 'text') readText(state, decoded.text, envelopesLeft - 1);
  else if (decoded.kind === 'rejected') state.found.push({ kind: 'rejected', rejection: decoded, text: whole });
  else if (decoded.kind === 'not_encoded')
    state.found.push(refuse('not_json', `the body is not valid JSON: ${parsed.problem}`, whole));
}

function readValue(state: ReadingState, value: unknown, text: () => string, envelopesLeft: number): void {
  if (envelopesLeft === 0) {
    noteNoEvent(state, `more than ${MAX_ENVELOPES} nested envelopes`, text);
    return;
  }
  const left = envelopesLeft - 1;
  if (isArray(value)) readElements(state, value, text, left);
  else if (!isObject(value)) noteNoEvent(state, isNoEvent(value), text);
  else if (isBatch(value)) readElements(state, value.batch, member(text, 'batch'), left);
  else if (isEventBridge(value)) readValue(state, value['detail'], member(text, 'detail'), left);
  else if (isNotification(value)) readText(state, value.Message, left);
  else if (isProxyRequest(value)) readProxyRequest(state, value, left);
  else if (isObject(value['message']) && value['type'] === undefined) {
    readValue(state, value['message'], member(text, 'message'), left);
  } else if (Object.hasOwn(value, '__proto__')) {
    // JSON.parse treats `__proto__` as an ordinary key, but a program that copies the event might not.
    const detail = 'the event has a key named __proto__, which is never passed on';
    state.found.push(refuse('forbidden_key', detail, text));
  } else {
    state.found.push({ kind: 'event', event: value, text });
  }
}

function readElements(
  state: ReadingState,
  elements: readonly unknown[],
  text: () => string,
  envelopesLeft: number,
): void {
  if (elements.length === 0) {
    noteNoEvent(state, 'the batch is empty', text);
    return;
  }
  const texts = once(() => elementTexts(text()));
  let scalars = 0;
  for (let index = 0; index < elements.length && state.stopped === undefined; index += 1) {
    const element = elements[index];
    if (typeof element === 'object' && element !== null) {
      take(state, 'events', 1);
      if (state.stopped !== undefined) return;
      readValue(state, element, () => texts()[index] ?? text(), envelopesLeft);
    } else {
      // Nothing is built for each of them: there may be half a million.
      if (scalars === 0) state.noEvents.push({ detail: isNoEvent(element), texts: () => scalarTexts(text()) });
      scalars += 1;
    }
  }
  state.noEventCount += scalars;
}

function scalarTexts(array: string): readonly string[] {
  return elementTexts(array).filter((element) => !element.startsWith('{') && !element.startsWith('['));
}

function noteNoEvent(state: ReadingState, detail: string, text: () => string): void {
  state.noEvents.push({ detail, texts: () => [text()] });
  state.noEventCount += 1;
}

function isNoEvent(value: unknown): string {
  return `expected an event object, found ${nameOf(value)}`;
}

/** An event may also have a field named `batch`, but then it has a type. */
function isBatch(value: JsonObject): value is JsonObject & { readonly batch: readonly unknown[] } {
  return isArray(value['batch']) && (value['type'] === undefined || value['type'] === 'batch');
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
function isEventBridge(value: JsonObject): boolean {
  return typeof value['detail-type'] === 'string' && 'detail' in value;
}

/** @see https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function isNotification(value: JsonObject): value is JsonObject & { readonly Message: string } {
  return value['Type'] === 'Notification' && typeof value['Message'] === 'string';
}

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
function isProxyRequest(value: JsonObject): value is JsonObject & { readonly body: string } {
  return typeof value['body'] === 'string' && ('isBase64Encoded' in value || 'requestContext' in value);
}

function readProxyRequest(
  state: ReadingState,
  request: JsonObject & { readonly body: string },
  envelopesLeft: number,
): void {
  if (request['isBase64Encoded'] !== true) {
    readText(state, request.body, envelopesLeft);
    return;
  }
  const decoded = decompress(state, Buffer.from(request.body, 'base64'));
  if (decoded.kind === 'text') readText(state, decoded.text, envelopesLeft);
  else if (decoded.kind === 'rejected')
    state.found.push({ kind: 'rejected', rejection: decoded, text: () => request.body });
}

type Parsed =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly problem: string };

function parse(text: string): Parsed {
  try {
    return { kind: 'json', value: JSON.parse(text) };
  } catch (error) {
    return { kind: 'failed', problem: error instanceof Error ? error.message : String(error) };
  }
}

type Decoded =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'not_encoded' }
  /** Reading has stopped, because the text is larger than the room for it. */
  | { readonly kind: 'stopped' }
  | Rejected;

const NOT_ENCODED: Decoded = { kind: 'not_encoded' };

/** Decodes base64, and decompresses gzip in it. */
function decode(state: ReadingState, text: string): Decoded {
  // A search for a single character: a repeated class would use up the stack on a text of many megabytes.
  if (text.length < 8 || text.search(/[^A-Za-z0-9+/_=\s-]/) !== -1) return NOT_ENCODED;
  const bytes = Buffer.from(text, 'base64');
  const first = bytes.find((byte) => byte > SPACE);
  return isGzip(bytes) || first === TOKEN.openObject || first === TOKEN.openArray
    ? decompress(state, bytes)
    : NOT_ENCODED;
}

/** Decompresses gzip. Other bytes are decoded as UTF-8. */
function decompress(state: ReadingState, bytes: Buffer): Decoded {
  if (!isGzip(bytes)) return { kind: 'text', text: bytes.toString('utf8') };
  // Loaded on demand, because few bodies need it and it would slow down every cold start.
  const { gunzipSync } = process.getBuiltinModule('node:zlib');
  const left = Math.min(state.room.characters, WORK_LIMITS.recordCharacters) - state.characters;
  try {
    return { kind: 'text', text: gunzipSync(bytes, { maxOutputLength: Math.max(1, left) }).toString('utf8') };
  } catch (error) {
    if (valueAt(error, ['code']) === 'ERR_BUFFER_TOO_LARGE') {
      take(state, 'characters', Math.max(1, left + 1));
      if (state.stopped === 'no_room') return { kind: 'stopped' };
      const detail = `the body decompresses to more than ${WORK_LIMITS.recordCharacters} bytes`;
      state.stopped = rejected('too_large', detail);
      return { kind: 'stopped' };
    }
    return rejected('not_json', 'the gzip body cannot be decompressed: it is damaged or truncated');
  }
}

const SPACE = 0x20;

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function refuse(reason: Rejected['reason'], detail: string, text: () => string): Enveloped {
  return { kind: 'rejected', rejection: rejected(reason, detail), text };
}

function member(text: () => string, key: string): () => string {
  return () => memberText(text(), key) ?? text();
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return `a ${typeof value}`;
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
