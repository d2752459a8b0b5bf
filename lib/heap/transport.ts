import { isObject } from '../json.ts';

/** How one HTTP request ended. */
export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The `Retry-After` header, unparsed. */
      readonly retryAfter: string | undefined;
      /** The beginning of the body, for error messages. */
      readonly body: string;
    }
  /** The connection was refused, reset or interrupted. Heap may have stored the request nevertheless. */
  | { readonly kind: 'unreachable'; readonly isConnectionLost: boolean; readonly detail: string }
  | { readonly kind: 'timeout' };

/**
 * Posts a JSON body and reads the whole answer within `timeoutMs` ms (at least 1 ms; a fraction is dropped). Never throws.
 * Tests with virtual time replace it.
 */
export type Transport = (url: string, body: string, timeoutMs: number) => Promise<Answer>;

/** Characters of an answer's body that are kept for error messages. */
const KEPT_BODY_CHARACTERS = 500;
/** Bytes of an answer's body, decompressed, after which reading stops. Heap's answers have less than a hundred. */
const READ_BODY_BYTES = 1024 * 1024;

/** The error codes of a request on a connection that the server has closed. */
const CONNECTION_LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED']);

/**
 * Sends requests with Node's fetch, over keep-alive connections. Redirects are not followed, because an answer from another
 * host does not prove that Heap has stored the events. An answer with an incomplete body counts as unreachable, whatever its
 * status.
 *
 * Only the beginning of an answer is kept, so its length uses no memory. An answer of more than 1 MiB is not read to its
 * end. Then a status that is no success stands, since the request is sent again or refused in any case. A success is not
 * believed: nothing shows that the answer is complete, or Heap's. The request is sent again.
 */
export const fetchTransport: Transport = async (url, body, timeoutMs) => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        // Answers are short. A server that compresses all the same is understood.
        'accept-encoding': 'identity',
        'user-agent': 'rudderstack-heap-lambda',
      },
      body,
      redirect: 'manual',
      // A fraction of a millisecond would throw.
      signal: AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs))),
    });
    // The body is read to its end where possible; otherwise the connection cannot be reused.
    const { beginning, isWhole } = await readBeginning(response);
    if (!isWhole && response.ok) {
      const detail = `the answer has status ${response.status} and more than ${READ_BODY_BYTES} bytes`;
      return { kind: 'unreachable', isConnectionLost: false, detail };
    }
    return {
      kind: 'answered',
      status: response.status,
      retryAfter: response.headers.get('retry-after') ?? undefined,
      body: beginning,
    };
  } catch (error) {
    if (isObject(error) && error['name'] === 'TimeoutError') return { kind: 'timeout' };
    const code = errorCode(error);
    return { kind: 'unreachable', isConnectionLost: CONNECTION_LOST.has(code), detail: code };
  }
};

/** Reads a body chunk by chunk, and cancels it when it is too long. */
async function readBeginning({ body }: Response): Promise<{ readonly beginning: string; readonly isWhole: boolean }> {
  const decoder = new TextDecoder();
  let beginning = '';
  let bytes = 0;
  let isWhole = true;
  if (body !== null) {
    // Leaving the loop cancels the body, which closes the connection.
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (beginning.length < KEPT_BODY_CHARACTERS) {
        beginning += decoder.decode(chunk.subarray(0, 4 * KEPT_BODY_CHARACTERS), { stream: true });
      }
      isWhole = bytes <= READ_BODY_BYTES;
      if (!isWhole) break;
    }
  }
  return { beginning: beginning.slice(0, KEPT_BODY_CHARACTERS), isWhole };
}

/** fetch wraps the network error as its cause, sometimes twice. */
function errorCode(error: unknown): string {
  if (!isObject(error)) return String(error);
  const { code, cause, message } = error;
  if (typeof code === 'string') return code;
  return cause === undefined ? String(message) : errorCode(cause);
}
