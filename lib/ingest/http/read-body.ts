import { gunzipSync } from 'node:zlib';
import { valueAt } from '../../json.ts';
import { isDeeperThan } from '../../json-text.ts';
import { refuse, type Refusal } from './refusal.ts';

/**
 * Bytes of a body, unpacked: RudderStack's own limit.
 *
 * @see https://www.rudderstack.com/docs/api/http-api/#request-size-limits
 */
export const MOST_BODY_BYTES = 4000 * 1024;
/** Levels of nesting; deeper bodies only serve to harm the programs that read them. */
export const MOST_NESTING = 200;

/** How gzip begins when a gateway has read it as UTF-8: its second byte is not valid there, and has become U+FFFD. */
const MANGLED_GZIP = Buffer.from('\u001F\uFFFD');

/**
 * From the bytes of a body to JSON. The content type says nothing: the Node SDK sends gzipped JSON as a form. Gzip is known
 * by its first bytes, since JSON never begins with them.
 */
export function readBody(body: Buffer): { readonly kind: 'json'; readonly value: unknown } | Refusal {
  if (body.length === 0) return refuse('no_body');
  // A final refusal would make SDKs drop their events, while it is the gateway that has to be fixed.
  if (body.subarray(0, 4).equals(MANGLED_GZIP))
    return refuse('mangled_gzip', 'a gateway on the way has treated the gzip body as text');
  const unpacked = unpack(body);
  if (unpacked.kind === 'refused') return unpacked;
  if (unpacked.bytes.length > MOST_BODY_BYTES) return refuse('request_too_large', tooLarge);
  const text = decode(unpacked.bytes);
  if (text === undefined) return refuse('not_json', 'the body is not valid UTF-8');
  if (isDeeperThan(text, MOST_NESTING)) {
    return refuse('too_deep', `the body is nested more than ${MOST_NESTING} levels deep`);
  }
  try {
    return { kind: 'json', value: JSON.parse(text) };
  } catch (error) {
    return refuse('not_json', placeOf(error));
  }
}

const tooLarge = `the body has more than ${MOST_BODY_BYTES} bytes`;

function unpack(body: Buffer): { readonly kind: 'bytes'; readonly bytes: Buffer } | Refusal {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  if (!isGzip) return { kind: 'bytes', bytes: body };
  try {
    return { kind: 'bytes', bytes: gunzipSync(body, { maxOutputLength: MOST_BODY_BYTES }) };
  } catch (error) {
    if (valueAt(error, ['code']) === 'ERR_BUFFER_TOO_LARGE') return refuse('request_too_large', tooLarge);
    return refuse('bad_encoding', 'the gzip is damaged or cut off');
  }
}

/** Leaves out a byte order mark. What is not UTF-8 is refused rather than stored as question marks. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Where the JSON breaks off, without what stands there. */
function placeOf(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : '';
  const position = /at position \d+(?: \(line \d+ column \d+\))?/.exec(message)?.[0];
  return position ?? (/end of JSON/.test(message) ? 'it breaks off before its end' : undefined);
}
