import zlib from 'node:zlib';
import { readBody } from '../../../lib/ingest/http/read-body.ts';
import { MOST_BODY_BYTES } from '../../../lib/ingest/http/unpack-body.ts';

const text = JSON.stringify({ userId: 'u', event: 'Größe 🙂' });
const bytes = Buffer.from(text);
const {
  gzipSync: gzip,
  deflateSync: deflate,
  deflateRawSync: deflateRaw,
  brotliCompressSync: br,
  zstdCompressSync: zstd,
} = zlib;

function read(
  body: Buffer,
  encoding?: string,
  more: { readonly isDecodedBody?: boolean; readonly length?: number } = {},
) {
  const headers = {
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    ...(more.length === undefined ? {} : { 'content-length': String(more.length) }),
  };
  return readBody({ body, headers, isDecodedBody: more.isDecodedBody ?? false });
}

test.each<[encoding: string | undefined, body: Buffer]>([
  [undefined, bytes],
  ['', bytes],
  ['identity', bytes],
  ['gzip', bytes],
  [undefined, gzip(bytes)],
  ['identity', gzip(bytes)],
  ['utf-8', gzip(bytes)],
  ['br', gzip(bytes)],
  ['gzip', gzip(bytes)],
  ['X-GZip', gzip(bytes)],
  ['deflate', deflate(bytes)],
  ['deflate', deflateRaw(bytes)],
  ['br', br(bytes)],
  ['zstd', zstd(bytes)],
  ['gzip, br', br(gzip(bytes))],
  ['deflate , identity,gzip', gzip(deflate(bytes))],
  ['gzip, gzip', gzip(gzip(bytes))],
])('a body with the encoding %s is unpacked', (encoding, body) => {
  expect(read(body, encoding)).toEqual({ kind: 'text', text });
});

test.each<[what: string, body: Buffer, encoding: string | undefined, reason: string, detail: string | undefined]>([
  [
    'an unknown encoding',
    bytes,
    'compress',
    'unsupported_encoding',
    'the encodings are gzip, x-gzip, deflate, br, zstd',
  ],
  [
    'a name of an object’s own',
    bytes,
    'constructor',
    'unsupported_encoding',
    'the encodings are gzip, x-gzip, deflate, br, zstd',
  ],
  [
    'an unknown one in a list',
    br(bytes),
    'compress, br',
    'unsupported_encoding',
    'the encodings are gzip, x-gzip, deflate, br, zstd',
  ],
  ['too many', gzip(bytes), 'gzip, gzip, gzip, gzip', 'unsupported_encoding', 'more than 3 encodings'],
  ['damaged gzip', gzip(bytes).subarray(0, 20), undefined, 'bad_encoding', 'the gzip data is damaged or truncated'],
  ['what is not brotli', bytes, 'br', 'bad_encoding', 'the br data is damaged or truncated'],
  ['what is not deflate', Buffer.from('xyz'), 'deflate', 'bad_encoding', 'the deflate data is damaged or truncated'],
  ['truncated zstd', zstd(bytes).subarray(0, 20), 'zstd', 'bad_encoding', 'the zstd data is damaged or truncated'],
  ['UTF-16', Buffer.from(text, 'utf16le'), 'br, identity', 'bad_encoding', 'the br data is damaged or truncated'],
  ['Latin-1', Buffer.from(text, 'latin1'), undefined, 'not_json', 'the body is not valid UTF-8'],
  ['packed Latin-1', br(Buffer.from(text, 'latin1')), 'br', 'not_json', 'the body is not valid UTF-8'],
  ['nothing', Buffer.alloc(0), 'br', 'no_body', undefined],
])('%s is refused', (_, body, encoding, reason, detail) => {
  expect(read(body, encoding)).toEqual({ kind: 'refused', reason, ...(detail === undefined ? {} : { detail }) });
});

test.each([
  ['gzip', gzip],
  ['br', br],
  ['deflate', deflate],
  ['deflate', deflateRaw],
  ['zstd', zstd],
])('%s that unpacks to more than the limit is refused', (encoding, pack) => {
  const largest = Buffer.alloc(MOST_BODY_BYTES, ' ');
  expect(read(pack(largest), encoding)).toMatchObject({ kind: 'text' });
  const reason = 'request_too_large';
  expect(read(pack(Buffer.concat([largest, Buffer.from(' ')])), encoding)).toMatchObject({ kind: 'refused', reason });
  expect(read(gzip(pack(Buffer.alloc(MOST_BODY_BYTES + 1))), `${encoding}, gzip`)).toMatchObject({
    kind: 'refused',
    reason,
  });
});

describe('a body that API Gateway has decoded as UTF-8', () => {
  const asText = (body: Buffer): Buffer => Buffer.from(body.toString('utf8'));
  const decoded = (body: Buffer, encoding?: string, length = body.length) =>
    read(asText(body), encoding, { isDecodedBody: true, length });

  test('is refused if it was none: its length has changed, and there is U+FFFD in it', () => {
    const latin1 = Buffer.from(text.replace('🙂', ''), 'latin1');
    expect(decoded(latin1)).toEqual({ kind: 'refused', reason: 'not_json', detail: 'the body is not valid UTF-8' });
  });

  test('is taken if its client has sent U+FFFD', () => {
    const genuine = Buffer.from('{"userId":"\uFFFD"}');
    expect(decoded(genuine)).toEqual({ kind: 'text', text: genuine.toString() });
    expect(read(genuine, undefined, { isDecodedBody: true })).toMatchObject({ kind: 'text' });
  });

  test('is taken if only its length has changed, as that of a byte order mark', () => {
    expect(decoded(bytes, undefined, bytes.length + 3)).toEqual({ kind: 'text', text });
  });

  test.each([
    ['gzip', gzip],
    ['br', br],
    ['zstd', zstd],
  ])('gets a status that SDKs retry if it was %s', (encoding, pack) => {
    expect(decoded(pack(bytes), encoding)).toMatchObject({ kind: 'refused', reason: 'mangled_gzip' });
  });
});

test('a character that is cut off at the end of the body is replaced, so that what is before it can be read', () => {
  const cut = Buffer.from('{"batch":[{"userId":"u"},{"event":"🙂');
  for (const missing of [1, 2, 3]) {
    expect(read(cut.subarray(0, -missing))).toEqual({
      kind: 'text',
      text: '{"batch":[{"userId":"u"},{"event":"\uFFFD',
    });
  }
});
