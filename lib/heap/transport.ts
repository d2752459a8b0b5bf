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

/** Posts a JSON body and reads the whole answer within `timeoutMs` ms. Never throws. Tests with virtual time replace it. */
export type Transport = (url: string, body: string, timeoutMs: number) => Promise<Answer>;

/** Characters of an answer's body that are kept for error messages. */
const KEPT_BODY_CHARACTERS = 500;

/** The error codes of a request on a connection that the server has closed. */
const CONNECTION_LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED']);

/**
 * Sends requests with Node's fetch, over keep-alive connections. Redirects are not followed, because an answer from another
 * host does not prove that Heap has stored the events. An answer with an incomplete body counts as unreachable, whatever its
 * status.
 */
export const fetchTransport: Transport = async (url, body, timeoutMs) => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': 'rudderstack-heap-lambda',
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    // The body is always read; otherwise the connection cannot be reused.
    const text = await response.text();
    return {
      kind: 'answered',
      status: response.status,
      retryAfter: response.headers.get('retry-after') ?? undefined,
      body: text.slice(0, KEPT_BODY_CHARACTERS),
    };
  } catch (error) {
    if (isObject(error) && error['name'] === 'TimeoutError') return { kind: 'timeout' };
    const code = errorCode(error);
    return { kind: 'unreachable', isConnectionLost: CONNECTION_LOST.has(code), detail: code };
  }
};

/** fetch wraps the network error as its cause, sometimes twice. */
function errorCode(error: unknown): string {
  if (!isObject(error)) return String(error);
  const { code, cause, message } = error;
  if (typeof code === 'string') return code;
  return cause === undefined ? String(message) : errorCode(cause);
}
