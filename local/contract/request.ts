import { gzipSync } from 'node:zlib';
import { ENDPOINTS } from '../../lib/heap/api.ts';
import { isObject } from '../../lib/json.ts';
import type { Answer } from '../../lib/heap/transport.ts';

/** An endpoint that is asked. */
export type Endpoint = 'track' | 'add_user_properties';

/** One request of the check. */
export interface ContractRequest {
  /** What it is, for the table. */
  readonly label: string;
  readonly path: string;
  readonly body: string;
  readonly isCompressed: boolean;
  readonly entries: number;
  /** Whether it is sent a second time if Heap refuses it, to see whether the refusal was by chance. */
  readonly isRepeated: boolean;
}

/** Sends a request. Never throws. */
export type Send = (request: ContractRequest) => Promise<Answer>;

interface Details {
  readonly kind?: Endpoint;
  /** Added to the request beside its list. */
  readonly more?: object;
  readonly isCompressed?: boolean;
  readonly isRepeated?: boolean;
}

/** A bulk request, which is the only form that the function sends. */
export function bulkRequest(
  label: string,
  appId: string,
  entries: readonly object[],
  { kind = 'track', more = {}, isCompressed = false, isRepeated = true }: Details = {},
): ContractRequest {
  const { path, list } = ENDPOINTS[kind];
  const body = JSON.stringify({ app_id: appId, ...more, [list]: entries });
  return { label, path, body, isCompressed, isRepeated, entries: entries.length };
}

/** A request whose body is not JSON. */
export function brokenRequest(label: string, kind: Endpoint, isCompressed = false): ContractRequest {
  return { label, path: ENDPOINTS[kind].path, body: '{', isCompressed, isRepeated: true, entries: 0 };
}

/** The characters of an answer's body that are shown. */
const KEPT_CHARACTERS = 500;

/**
 * Sends requests with Node's fetch, since the function's own transport sends neither compressed bodies nor anything else that is
 * asked here. Redirects are not followed.
 *
 * @param baseUrl without a trailing slash
 * @param timeoutMs how long an answer may take, at least 1
 */
export function createSend(baseUrl: string, timeoutMs: number): Send {
  return async ({ path, body, isCompressed }) => {
    try {
      const response = await fetch(`${baseUrl}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'user-agent': 'rudderstack-heap-lambda contract check',
          ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
        },
        body: isCompressed ? gzipSync(body) : body,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const answered = (await response.text()).slice(0, KEPT_CHARACTERS);
      const retryAfter = response.headers.get('retry-after') ?? undefined;
      return { kind: 'answered', status: response.status, retryAfter, body: answered };
    } catch (error) {
      if (isObject(error) && error['name'] === 'TimeoutError') return { kind: 'timeout' };
      return { kind: 'unreachable', isConnectionLost: false, detail: causeOf(error) };
    }
  };
}

/** fetch wraps the network error as its cause. */
function causeOf(error: unknown): string {
  if (!isObject(error)) return String(error);
  const { code, cause, message } = error;
  if (typeof code === 'string') return code;
  return cause === undefined ? String(message) : causeOf(cause);
}
