import type { Transport } from '../lib/heap/transport.ts';

const KEPT_BODY_CHARACTERS = 500;
const READ_BODY_BYTES = 1024 * 1024;

/**
 * The transport that the function had before, which uses fetch: the baseline of the first invocation. It does the same for an
 * answer that comes in time and is whole.
 */
export function createTransport(): Transport {
  return async (url, body, timeoutMs) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'rudderstack-heap-lambda',
      },
      body: body.toString(),
      redirect: 'manual',
      signal: AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs))),
    });
    const retryAfter = response.headers.get('retry-after') ?? undefined;
    return { kind: 'answered', status: response.status, retryAfter, body: await beginningOf(response), wasSent: true };
  };
}

async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let beginning = '';
  let bytes = 0;
  if (body !== null) {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > READ_BODY_BYTES) throw new Error('the answer is too long');
      if (beginning.length < KEPT_BODY_CHARACTERS) {
        beginning += decoder.decode(chunk.subarray(0, 4 * KEPT_BODY_CHARACTERS), { stream: true });
      }
    }
  }
  return beginning.slice(0, KEPT_BODY_CHARACTERS);
}
