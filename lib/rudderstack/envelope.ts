import { rejected, type Rejected } from '../outcome.ts';
import { isArray, isObject, valueAt, type JsonObject } from '../json.ts';
import type { RudderStackEvent } from './event.ts';
import { elementTexts, memberText } from '../json-text.ts';

/**
 * One event from a record's body, or why it cannot be read. `text` returns its original JSON: the whole body for a record
 * with one event, otherwise the event's part of it. The text is extracted only when it is needed.
 */
export type Enveloped =
  | { readonly kind: 'event'; readonly event: RudderStackEvent; readonly text: () => string }
  | { readonly kind: 'rejected'; readonly rejection: Rejected; readonly text: () => string };

/** More envelopes than any real sender nests. The limit protects against bodies designed to exhaust the stack. */
const MAX_ENVELOPES = 8;
/** A limit against decompression bombs. RudderStack's gateway accepts 4 MB per request. */
const MAX_DECOMPRESSED_BYTES = 16 * 1024 * 1024;

/**
 * Removes the envelopes around the events of a record's body. These formats are recognized without configuration: one
 * event; an array; `{"batch":[…]}` as posted by the SDKs; EventBridge (`detail`); SNS (`Message`); a wrapper
 * `{"message":{…}}`; an API Gateway proxy request (`body`, `isBase64Encoded`); and any of these in base64, with or without
 * gzip. Never throws.
 *
 * @returns at least one element, in the order of the body
 */
export function unwrap(body: string): readonly Enveloped[] {
  const found = unwrapText(body, MAX_ENVELOPES);
  const [only] = found;
  return only !== undefined && found.length === 1 ? [{ ...only, text: () => body }] : found;
}

function unwrapText(text: string, envelopesLeft: number): Enveloped[] {
  // A byte order mark is not valid in JSON. trim() removes it too.
  const json = text.trim();
  const whole = (): string => json;
  if (json === '') return [refuse('not_json', 'the body is empty', whole)];
  const parsed = parse(json);
  if (parsed.kind === 'json') return unwrapValue(parsed.value, whole, envelopesLeft);

  const decoded = decode(json);
  if (decoded.kind === 'text' && envelopesLeft > 0) return unwrapText(decoded.text, envelopesLeft - 1);
  if (decoded.kind === 'rejected') return [{ kind: 'rejected', rejection: decoded, text: whole }];
  return [refuse('not_json', `the body is not valid JSON: ${parsed.problem}`, whole)];
}

function unwrapValue(value: unknown, text: () => string, envelopesLeft: number): Enveloped[] {
  if (envelopesLeft === 0) return [refuse('no_event', `more than ${MAX_ENVELOPES} nested envelopes`, text)];
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
  // JSON.parse treats `__proto__` as an ordinary key, but a program that copies the event might not.
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

function unwrapProxyRequest(request: JsonObject & { readonly body: string }, envelopesLeft: number): Enveloped[] {
  if (request['isBase64Encoded'] !== true) return unwrapText(request.body, envelopesLeft);
  const decoded = decompress(Buffer.from(request.body, 'base64'));
  if (decoded.kind === 'text') return unwrapText(decoded.text, envelopesLeft);
  return [{ kind: 'rejected', rejection: decoded, text: () => request.body }];
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

type Decoded = { readonly kind: 'text'; readonly text: string } | Rejected;

/** Decodes base64, and decompresses gzip in it. */
function decode(text: string): Decoded | { readonly kind: 'not_encoded' } {
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(text.replaceAll(/\s/g, ''))) return { kind: 'not_encoded' };
  const bytes = Buffer.from(text, 'base64');
  const [first] = bytes.toString('latin1').trimStart();
  return isGzip(bytes) || first === '{' || first === '[' ? decompress(bytes) : { kind: 'not_encoded' };
}

/** Decompresses gzip. Other bytes are decoded as UTF-8. */
function decompress(bytes: Buffer): Decoded {
  if (!isGzip(bytes)) return { kind: 'text', text: bytes.toString('utf8') };
  // Loaded on demand, because few bodies need it and it would slow down every cold start.
  const { gunzipSync } = process.getBuiltinModule('node:zlib');
  try {
    return { kind: 'text', text: gunzipSync(bytes, { maxOutputLength: MAX_DECOMPRESSED_BYTES }).toString('utf8') };
  } catch (error) {
    if (valueAt(error, ['code']) === 'ERR_BUFFER_TOO_LARGE') {
      return rejected('too_large', `the body decompresses to more than ${MAX_DECOMPRESSED_BYTES} bytes`);
    }
    return rejected('not_json', 'the gzip body cannot be decompressed: it is damaged or truncated');
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
  return `a ${typeof value}`;
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
