import { rejected, type Rejected } from '../outcome.ts';
import { isArray, isObject, valueAt, type JsonObject } from '../json.ts';
import type { RudderStackEvent } from './event.ts';
import { elementTexts, memberText } from '../json-text.ts';

/**
 * One event out of a record's body, or the reason why there is none. `text` gives its JSON as it came: the whole body
 * for a record of one event, else the event's own part of it. It is worked out only when asked for.
 */
export type Enveloped =
  | { readonly kind: 'event'; readonly event: RudderStackEvent; readonly text: () => string }
  | { readonly kind: 'rejected'; readonly rejection: Rejected; readonly text: () => string };

/** More envelopes around one event than any known path puts there; guards against bodies built to exhaust the stack. */
const MAX_ENVELOPES = 8;
/** Bytes. The gateway takes 4 MB a request; what unpacks to more than this is an attack or a mistake. */
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024;

/**
 * Takes the envelopes off a record's body. Known without configuration: one event; an array; `{"batch":[…]}` as the SDKs
 * post it; EventBridge (`detail`); SNS (`Message`); a wrapper `{"message":{…}}`; an API Gateway proxy request (`body`,
 * `isBase64Encoded`); any of these coded in base64, with or without gzip.
 *
 * @returns at least one element, in the order of the body; never throws.
 */
export function unwrap(body: string): readonly Enveloped[] {
  const found = unwrapText(body, MAX_ENVELOPES);
  const [only] = found;
  return only !== undefined && found.length === 1 ? [{ ...only, text: () => body }] : found;
}

function unwrapText(text: string, envelopesLeft: number): Enveloped[] {
  // A byte order mark is no JSON, and trim() takes it off with the blanks.
  const json = text.trim();
  const whole = (): string => json;
  if (json === '') return [refuse('not_json', 'the body is empty', whole)];
  const parsed = parse(json);
  if (parsed.kind === 'json') return unwrapValue(parsed.value, whole, envelopesLeft);

  const unpacked = unpack(json);
  if (unpacked.kind === 'text' && envelopesLeft > 0) return unwrapText(unpacked.text, envelopesLeft - 1);
  if (unpacked.kind === 'rejected') return [{ kind: 'rejected', rejection: unpacked, text: whole }];
  return [refuse('not_json', `the body is no JSON: ${parsed.problem}`, whole)];
}

function unwrapValue(value: unknown, text: () => string, envelopesLeft: number): Enveloped[] {
  if (envelopesLeft === 0) return [refuse('no_event', `no event within ${MAX_ENVELOPES} envelopes`, text)];
  const left = envelopesLeft - 1;

  if (isArray(value)) return unwrapElements(value, text, left);
  if (!isObject(value)) return [refuse('no_event', `expected an event object, found ${nameOf(value)}`, text)];
  if (isBatch(value)) return unwrapElements(value.batch, member(text, 'batch'), left);
  if (isEventBridge(value)) return unwrapValue(value['detail'], member(text, 'detail'), left);
  if (isNotification(value)) return unwrapText(value.Message, left);
  if (isProxyRequest(value)) return unwrapProxyRequest(value, left);
  if (isObject(value['message']) && value['type'] === undefined) {
    return unwrapValue(value['message'], member(text, 'message'), left);
  }
  // JSON.parse makes `__proto__` an ordinary key, but the next program that copies the event may not.
  if (Object.hasOwn(value, '__proto__')) {
    return [refuse('forbidden_key', 'the event has a key named __proto__, which is never passed on', text)];
  }
  return [{ kind: 'event', event: value, text }];
}

function unwrapElements(elements: readonly unknown[], text: () => string, envelopesLeft: number): Enveloped[] {
  if (elements.length === 0) return [refuse('no_event', 'the batch is empty', text)];
  const texts = once(() => elementTexts(text()));
  return elements.flatMap((element, index) => unwrapValue(element, () => texts()[index] ?? text(), envelopesLeft));
}

/** An event may have a property of that name, but then it has a type as well. */
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

function unwrapProxyRequest(request: JsonObject & { readonly body: string }, envelopesLeft: number): Enveloped[] {
  if (request['isBase64Encoded'] !== true) return unwrapText(request.body, envelopesLeft);
  const unpacked = inflate(Buffer.from(request.body, 'base64'));
  if (unpacked.kind === 'text') return unwrapText(unpacked.text, envelopesLeft);
  return [{ kind: 'rejected', rejection: unpacked, text: () => request.body }];
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

type Unpacked = { readonly kind: 'text'; readonly text: string } | Rejected;

/** Decodes base64, and gzip within it. */
function unpack(packed: string): Unpacked | { readonly kind: 'not_coded' } {
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(packed.replaceAll(/\s/g, ''))) return { kind: 'not_coded' };
  const bytes = Buffer.from(packed, 'base64');
  const [first] = bytes.toString('latin1').trimStart();
  return isGzip(bytes) || first === '{' || first === '[' ? inflate(bytes) : { kind: 'not_coded' };
}

function inflate(bytes: Buffer): Unpacked {
  if (!isGzip(bytes)) return { kind: 'text', text: bytes.toString('utf8') };
  // Loaded here, since most bodies are not packed and a cold start should not wait for it.
  const { gunzipSync } = process.getBuiltinModule('node:zlib');
  try {
    return { kind: 'text', text: gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8') };
  } catch (error) {
    if (valueAt(error, ['code']) === 'ERR_BUFFER_TOO_LARGE') {
      return rejected('too_large', `the body unpacks to more than ${MAX_UNPACKED_BYTES} bytes`);
    }
    return rejected('not_json', 'the body is gzip that cannot be unpacked: it is damaged or cut off');
  }
}

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
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
