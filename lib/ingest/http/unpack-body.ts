import zlib from 'node:zlib';
import { valueAt } from '../../json.ts';
import { RECORD_LIMITS } from '../../work-limits.ts';
import { refuse, type Refusal } from './refusal.ts';

/** The most bytes of a body, unpacked: the forwarder reads no more from one record. RudderStack's own limit is 4,096,000. */
export const MOST_BODY_BYTES = RECORD_LIMITS.characters;
/** More of them only occur in attacks. */
const MOST_ENCODINGS = 3;

type Unpacked = { readonly kind: 'bytes'; readonly bytes: Buffer } | Refusal;
type Unpack = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

const UNPACK: Readonly<Record<string, Unpack>> = {
  gzip: zlib.gunzipSync,
  'x-gzip': zlib.gunzipSync,
  deflate: inflate,
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
};

/** The encodings that a header names, in the order in which they were applied; without `identity`, which changes nothing. */
export function encodingsIn(header = ''): readonly string[] {
  const named = header.split(',').map((name) => name.trim().toLowerCase());
  return named.filter((name) => name !== '' && name !== 'identity');
}

/**
 * Unpacks a body. Gzip is recognized by its first bytes, which never occur at the start of JSON, whatever the header says: some
 * SDKs do not name it, and a gateway may have unpacked what the header names.
 *
 * @param encodings see `encodingsIn`
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#name-content-encoding
 */
export function unpackBody(body: Buffer, encodings: readonly string[]): Unpacked {
  if (isGzip(body) && encodings.length <= 1) return unpack(body, 'gzip');
  if (!encodings.every((name) => Object.hasOwn(UNPACK, name)))
    return refuse('unsupported_encoding', `the encodings are ${Object.keys(UNPACK).join(', ')}`);
  if (encodings.length > MOST_ENCODINGS) return refuse('unsupported_encoding', `more than ${MOST_ENCODINGS} encodings`);
  let bytes = body;
  for (const name of encodings.toReversed()) {
    // A gateway may have unpacked it.
    if (UNPACK[name] === zlib.gunzipSync && !isGzip(bytes)) continue;
    const unpacked = unpack(bytes, name);
    if (unpacked.kind === 'refused') return unpacked;
    bytes = unpacked.bytes;
  }
  return bytes.length > MOST_BODY_BYTES ? refuse('request_too_large', TOO_LARGE) : { kind: 'bytes', bytes };
}

const TOO_LARGE = `the body has more than ${MOST_BODY_BYTES} bytes`;

function unpack(bytes: Buffer, name: string): Unpacked {
  const using = UNPACK[name] ?? zlib.gunzipSync;
  try {
    return { kind: 'bytes', bytes: using(bytes, { maxOutputLength: MOST_BODY_BYTES }) };
  } catch (error) {
    if (valueAt(error, ['code']) === 'ERR_BUFFER_TOO_LARGE') return refuse('request_too_large', TOO_LARGE);
    return refuse('bad_encoding', `the ${name} data is damaged or truncated`);
  }
}

/** By the standard it has a header of zlib; some clients leave it out. */
function inflate(bytes: Buffer, options: { readonly maxOutputLength: number }): Buffer {
  const [first = 0, second = 0] = bytes;
  const hasHeader = (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
  return hasHeader ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options);
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
