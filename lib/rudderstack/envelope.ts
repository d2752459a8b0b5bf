import { rejected, type Rejected } from '../outcome.ts';
import { isArray, isObject, valueAt } from '../json.ts';
import type { RudderStackEvent } from './event.ts';
import { parseJson } from '../exact-json.ts';
import { TOKEN } from '../json-scanner.ts';
import { countValues, elementTexts, memberText } from '../json-text.ts';
import { RECORD_LIMITS } from '../work-limits.ts';
import { holdsJson, isS3Pointer, PAYLOAD_IN_S3, shapeOf, type Shape } from './shape.ts';

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
const UNCOUNTED_CHARACTERS = 2 * RECORD_LIMITS.values;

/** What reading a record costs, or may cost at most. */
export interface ReadingCost {
  /** The characters of the body and of every text that is decoded or unwrapped from it. */
  readonly characters: number;
  /** The elements that are objects, arrays or texts with JSON in them: events, and envelopes among them. */
  readonly events: number;
}

/** The events of a body, or that the room given for reading it is too small. */
export type Reading = (
  | { readonly kind: 'read'; readonly events: readonly Enveloped[] }
  | { readonly kind: 'no_room' }
) & { readonly cost: ReadingCost };

const WHOLE_RECORD: ReadingCost = RECORD_LIMITS;

/**
 * Removes the envelopes around the events of a record's body. These formats are recognized without configuration: one
 * event; an array; `{"batch":[…]}` as posted by the SDKs; the envelopes of AWS and Kafka in `shape.ts`; a wrapper
 * `{"message":{…}}`; any of these in base64, with or without gzip, or as a JSON string. An event itself is never
 * unwrapped, whatever it looks like. Never throws.
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
  state.values += countValues(json, RECORD_LIMITS.values - state.values);
  if (state.values > RECORD_LIMITS.values) state.stopped = beyondLimit('values');
}

function beyondLimit(kind: keyof ReadingCost | 'values'): Rejected {
  switch (kind) {
    case 'characters':
      return rejected('too_large', `the record has more than ${RECORD_LIMITS.characters} characters, unpacked`);
    case 'values':
      return rejected('too_large', `the record has more than ${RECORD_LIMITS.values} JSON values`);
    case 'events':
      return rejected('too_large', `the record has more than ${RECORD_LIMITS.events} events`);
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
  const problem = readJson(state, json, envelopesLeft);
  if (problem === undefined) return;
  const decoded = envelopesLeft > 0 ? decode(state, json) : NOT_ENCODED;
  if (decoded.kind !== 'not_encoded') readDecoded(state, decoded, whole, envelopesLeft - 1);
  else state.found.push(refuse('not_json', `the body is not valid JSON: ${problem}`, whole));
}

/** @returns why the text is not JSON; undefined if it has been read, or reading has stopped */
function readJson(state: ReadingState, json: string, envelopesLeft: number): string | undefined {
  takeValues(state, json);
  if (state.stopped !== undefined) return undefined;
  const parsed = parse(json);
  if (parsed.kind === 'failed') return parsed.problem;
  readValue(state, parsed.value, () => json, envelopesLeft);
  return undefined;
}

function readDecoded(
  state: ReadingState,
  decoded: Exclude<Decoded, { readonly kind: 'not_encoded' }>,
  text: () => string,
  envelopesLeft: number,
): void {
  if (decoded.kind === 'text') readText(state, decoded.text, envelopesLeft);
  else if (decoded.kind === 'rejected') state.found.push({ kind: 'rejected', rejection: decoded, text });
}

function readValue(state: ReadingState, value: unknown, text: () => string, envelopesLeft: number): void {
  if (envelopesLeft === 0) {
    noteNoEvent(state, `more than ${MAX_ENVELOPES} nested envelopes`, text);
    return;
  }
  const left = envelopesLeft - 1;
  if (typeof value === 'string') readString(state, value, text, left);
  else if (isArray(value) && isS3Pointer(value)) readShape(state, PAYLOAD_IN_S3, text, left);
  else if (isArray(value)) readElements(state, value, text, left);
  else if (!isObject(value)) noteNoEvent(state, isNoEvent(value), text);
  else {
    const shape = shapeOf(value);
    if (shape.kind !== 'event') readShape(state, shape, text, left);
    else if (Object.hasOwn(value, '__proto__')) {
      // JSON.parse treats `__proto__` as an ordinary key, but a program that copies the event might not.
      const detail = 'the event has a key named __proto__, which is never passed on';
      state.found.push(refuse('forbidden_key', detail, text));
    } else {
      state.found.push({ kind: 'event', event: value, text });
    }
  }
}

function readShape(
  state: ReadingState,
  shape: Exclude<Shape, { readonly kind: 'event' }>,
  text: () => string,
  envelopesLeft: number,
): void {
  switch (shape.kind) {
    case 'member':
      readValue(state, shape.value, member(text, shape.path), envelopesLeft);
      break;
    case 'text':
      readText(state, shape.text, envelopesLeft);
      break;
    case 'base64':
      readBase64(state, shape.text, envelopesLeft);
      break;
    case 'lists':
      for (const [key, list] of Object.entries(shape.lists)) {
        if (state.stopped === undefined) readValue(state, list, member(text, [...shape.path, key]), envelopesLeft);
      }
      break;
    case 'no_event':
      if (shape.reason === 'no_event') noteNoEvent(state, shape.detail, text);
      else state.found.push(refuse(shape.reason, shape.detail, text));
      break;
  }
}

/** Reads a JSON string that holds JSON again, or base64. */
function readString(state: ReadingState, value: string, text: () => string, envelopesLeft: number): void {
  if (holdsJson(value)) {
    take(state, 'characters', value.length);
    if (state.stopped !== undefined || readJson(state, value.trim(), envelopesLeft) === undefined) return;
  } else {
    const decoded = decode(state, value);
    if (decoded.kind !== 'not_encoded') {
      readDecoded(state, decoded, text, envelopesLeft);
      return;
    }
  }
  noteNoEvent(state, isNoEvent(value), text);
}

/** Reads a text that an envelope says, or is known, to hold in base64. A plain text is read as well. */
function readBase64(state: ReadingState, text: string, envelopesLeft: number): void {
  if (isBase64(text)) readDecoded(state, decompress(state, Buffer.from(text, 'base64')), () => text, envelopesLeft);
  else readText(state, text, envelopesLeft);
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
    if ((typeof element === 'object' && element !== null) || holdsJson(element)) {
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
  return elementTexts(array).filter((element) => {
    if (element.startsWith('{') || element.startsWith('[')) return false;
    return !element.startsWith('"') || !holdsJson(JSON.parse(element));
  });
}

function noteNoEvent(state: ReadingState, detail: string, text: () => string): void {
  state.noEvents.push({ detail, texts: () => [text()] });
  state.noEventCount += 1;
}

function isNoEvent(value: unknown): string {
  return `expected an event object, found ${nameOf(value)}`;
}

type Parsed =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly problem: string };

function parse(text: string): Parsed {
  try {
    return { kind: 'json', value: parseJson(text) };
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
  if (text.length < 8 || !isBase64(text)) return NOT_ENCODED;
  const bytes = Buffer.from(text, 'base64');
  const first = bytes.find((byte) => byte > SPACE);
  const isJson = first === TOKEN.openObject || first === TOKEN.openArray || first === QUOTE;
  return isJson || isGzip(bytes) ? decompress(state, bytes) : NOT_ENCODED;
}

function isBase64(text: string): boolean {
  // A search for a single character: a repeated class would use up the stack on a text of many megabytes.
  return text.search(/[^A-Za-z0-9+/_=\s-]/) === -1;
}

/** Decompresses gzip. Other bytes are decoded as UTF-8. */
function decompress(state: ReadingState, bytes: Buffer): Exclude<Decoded, { readonly kind: 'not_encoded' }> {
  if (!isGzip(bytes)) return { kind: 'text', text: bytes.toString('utf8') };
  // Loaded on demand, because few bodies need it and it would slow down every cold start.
  const { gunzipSync } = process.getBuiltinModule('node:zlib');
  const left = Math.min(state.room.characters, RECORD_LIMITS.characters) - state.characters;
  try {
    return { kind: 'text', text: gunzipSync(bytes, { maxOutputLength: Math.max(1, left) }).toString('utf8') };
  } catch (error) {
    if (valueAt(error, ['code']) === 'ERR_BUFFER_TOO_LARGE') {
      take(state, 'characters', Math.max(1, left + 1));
      if (state.stopped === 'no_room') return { kind: 'stopped' };
      const detail = `the body decompresses to more than ${RECORD_LIMITS.characters} bytes`;
      state.stopped = rejected('too_large', detail);
      return { kind: 'stopped' };
    }
    return rejected('not_json', 'the gzip body cannot be decompressed: it is damaged or truncated');
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function refuse(reason: Rejected['reason'], detail: string, text: () => string): Enveloped {
  return { kind: 'rejected', rejection: rejected(reason, detail), text };
}

function member(text: () => string, path: readonly string[]): () => string {
  return () => path.reduce((inner, key) => memberText(inner, key) ?? inner, text());
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
