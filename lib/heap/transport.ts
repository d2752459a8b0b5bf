import { isObject } from '../json.ts';

/** How one HTTP request ended. */
export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The header as it came. */
      readonly retryAfter: string | undefined;
      /** The beginning of the body, for a person. */
      readonly body: string;
    }
  /** Refused, reset or cut off: Heap may have stored the request all the same. */
  | { readonly kind: 'unreachable'; readonly isConnectionLost: boolean; readonly detail: string }
  | { readonly kind: 'timeout' };

/** Posts a JSON body and reads the whole answer within `timeoutMs`; never throws. Virtual time replaces it as one piece. */
export type Transport = (url: string, body: string, timeoutMs: number) => Promise<Answer>;

/** Characters of an answer that are kept: enough for an error message. */
const KEPT_BODY_CHARACTERS = 500;

/** How a connection that the other side has dropped shows itself on its next use. */
const CONNECTION_LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED']);

/**
 * Node's own fetch, over keep-alive connections. Redirects are not followed: a POST that is repeated elsewhere does not
 * prove that Heap has it. An answer whose body breaks off counts as unreachable whatever its status.
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
    // The body is always read: otherwise the connection is not used again.
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

/** fetch wraps the network's own error as its cause, sometimes twice. */
function errorCode(error: unknown): string {
  if (!isObject(error)) return String(error);
  const { code, cause, message } = error;
  if (typeof code === 'string') return code;
  return cause === undefined ? String(message) : errorCode(cause);
}
