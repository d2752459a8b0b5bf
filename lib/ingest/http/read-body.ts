import { refuse, type Refusal } from './refusal.ts';
import type { HttpRequest } from './request.ts';
import { encodingsIn, unpackBody } from './unpack-body.ts';

/** The first bytes of gzip that a gateway has decoded as UTF-8: its second byte is invalid there and becomes U+FFFD. */
const MANGLED_GZIP = Buffer.from('\u001F\uFFFD');
/** What stands for bytes that are not valid UTF-8. */
const REPLACEMENT = Buffer.from('\uFFFD');

/** Unpacks and decodes a body. The content type is ignored, since the Node SDK sends gzipped JSON as a form. */
export function readBody(
  request: Pick<HttpRequest, 'body' | 'headers' | 'isDecodedBody'>,
): { readonly kind: 'text'; readonly text: string } | Refusal {
  const { body, headers } = request;
  if (body.length === 0) return refuse('no_body');
  const encodings = encodingsIn(headers['content-encoding']);
  const isDamaged = wasDamaged(request);
  // Answered with a status that SDKs retry. With a 4xx they would drop the events, although the gateway is at fault.
  if (body.subarray(0, 4).equals(MANGLED_GZIP) || (isDamaged && encodings.length > 0)) {
    return refuse('mangled_gzip', 'a gateway between client and function has decoded the compressed body as text');
  }
  if (isDamaged) return refuse('not_json', NOT_UTF_8);
  const unpacked = unpackBody(body, encodings);
  if (unpacked.kind === 'refused') return unpacked;
  const text = decode(unpacked.bytes);
  return text === undefined ? refuse('not_json', NOT_UTF_8) : { kind: 'text', text };
}

const NOT_UTF_8 = 'the body is not valid UTF-8';

/**
 * Whether the gateway has decoded a body as UTF-8 that was none: then there is U+FFFD in it, and its length is not what the client
 * has sent. A client may send U+FFFD itself; then the length is right.
 */
function wasDamaged({
  body,
  headers,
  isDecodedBody,
}: Pick<HttpRequest, 'body' | 'headers' | 'isDecodedBody'>): boolean {
  const sent = headers['content-length'];
  return isDecodedBody && sent !== undefined && Number(sent) !== body.length && body.includes(REPLACEMENT);
}

/**
 * Removes a byte order mark. Returns undefined for invalid UTF-8, so that no replacement characters are stored. Only at the end of
 * a body, which may be cut off, one stands for a character that is incomplete: no valid JSON ends with it.
 */
function decode(bytes: Buffer): string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text: string;
  try {
    text = decoder.decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
  try {
    decoder.decode();
    return text;
  } catch {
    return `${text}\uFFFD`;
  }
}
