import { bodyBytesOf, writeBody, type BulkRequest } from './bulk.ts';
import type { Answer, Transport } from './transport.ts';

/** Posts the body of one bulk request, as often as it is called. It answers like a transport. */
export type Post = (url: string, timeoutMs: number) => Promise<Answer>;

/** Calls `send` with what posts the body of a request, until the promise of `send` is settled. */
export type WithBody = <Result>(request: BulkRequest, send: (post: Post) => Promise<Result>) => Promise<Result>;

const KIBI = 1024;
/** The size of the smallest buffer that is kept, in bytes. */
const SMALLEST = 64 * KIBI;
/** The size of the largest buffer that is kept, in bytes: only a request with a single event may be larger. */
const LARGEST = 1024 * KIBI;
/** How many buffers are kept. More are needed only while several apps have many requests under way. */
const KEPT = 8;

/**
 * Creates the bodies of requests in buffers that are used again, of which at most 8 MiB are kept. The connection reads a
 * body's buffer, and does not copy it. So a buffer is used again only if every attempt was answered after it was sent as a
 * whole. After a timeout or a lost connection nobody knows whether it is still read.
 */
export function createRequestBodies(transport: Transport): WithBody {
  const free: Buffer[] = [];

  function take(bytes: number): Buffer {
    const kept = free.pop();
    // A buffer that is too small is dropped, so that in the end all are large enough.
    return kept !== undefined && kept.length >= bytes ? kept : Buffer.allocUnsafeSlow(sizeFor(bytes));
  }

  return async (request, send) => {
    let buffer: Buffer | undefined;
    let body: Buffer | undefined;
    let isFree = true;
    const result = await send(async (url, timeoutMs) => {
      buffer ??= take(bodyBytesOf(request));
      body ??= writeBody(request, buffer);
      const answer = await transport(url, body, timeoutMs);
      isFree &&= answer.kind === 'answered' && answer.wasSent === true;
      return answer;
    });
    if (buffer !== undefined && isFree && free.length < KEPT && buffer.length <= LARGEST) free.push(buffer);
    return result;
  };
}

/** The next power of two, so that requests that grow little by little do not need a new buffer each time. */
function sizeFor(bytes: number): number {
  let size = SMALLEST;
  while (size < bytes && size < LARGEST) size *= 2;
  return Math.max(size, bytes);
}
