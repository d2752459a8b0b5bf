import { gunzipSync } from 'node:zlib';
import { parseJsonToPassOn } from '../../exact-json.ts';
import { valueAt } from '../../json.ts';
import { isDeeperThan } from '../../json-text.ts';
import { refuse, type Refusal } from './refusal.ts';

/**
 * RudderStack's limit for a body, in bytes after decompression.
 *
 * @see https://www.rudderstack.com/docs/api/http-api/#request-size-limits
 */
export const MOST_BODY_BYTES = 4000 * 1024;
/** The maximum nesting depth. Deeper nesting only occurs in attacks. */
export const MOST_NESTING = 200;

/** The first bytes of gzip that a gateway has decoded as UTF-8: its second byte is invalid there and becomes U+FFFD. */
const MANGLED_GZIP = Buffer.from('\u001F\uFFFD');

/**
 * Decompresses, decodes and parses a body. The content type is ignored, since the Node SDK sends gzipped JSON as a form.
 * Gzip is recognized by its first bytes, which never occur at the start of JSON. An integer that a double cannot hold is kept
 * as it came, see `parseJsonToPassOn`.
 */
export function readBody(body: Buffer): { readonly kind: 'json'; readonly value: unknown } | Refusal {
  if (body.length === 0) return refuse('no_body');
  // Answered with a status that SDKs retry. With a 4xx they would drop the events, although the gateway is at fault.
  if (body.subarray(0, 4).equals(MANGLED_GZIP))
    return refuse('mangled_gzip', 'a gateway between client and function has decoded the gzip body as text');
  const decompressed = decompress(body);
  if (decompressed.kind === 'refused') return decompressed;
  if (decompressed.bytes.length > MOST_BODY_BYTES) return refuse('request_too_large', tooLarge);
  const text = decode(decompressed.bytes);
  if (text === undefined) return refuse('not_json', 'the body is not valid UTF-8');
  if (isDeeperThan(text, MOST_NESTING)) {
    return refuse('too_deep', `the body is nested more than ${MOST_NESTING} levels deep`);
  }
  try {
    return { kind: 'json', value: parseJsonToPassOn(text) };
  } catch (error) {
    return refuse('not_json', placeOf(error));
  }
}

const tooLarge = `the body has more than ${MOST_BODY_BYTES} bytes`;

function decompress(body: Buffer): { readonly kind: 'bytes'; readonly bytes: Buffer } | Refusal {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  if (!isGzip) return { kind: 'bytes', bytes: body };
  try {
    return { kind: 'bytes', bytes: gunzipSync(body, { maxOutputLength: MOST_BODY_BYTES }) };
  } catch (error) {
    if (valueAt(error, ['code']) === 'ERR_BUFFER_TOO_LARGE') return refuse('request_too_large', tooLarge);
    return refuse('bad_encoding', 'the gzip data is damaged or truncated');
  }
}

/** Removes a byte order mark. Returns undefined for invalid UTF-8, so that no replacement characters are stored. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Returns the position of a syntax error, without quoting the body. */
function placeOf(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : '';
  const position = /at position \d+(?: \(line \d+ column \d+\))?/.exec(message)?.[0];
  return position ?? (/end of JSON/.test(message) ? 'unexpected end of the body' : undefined);
}
