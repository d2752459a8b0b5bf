import { deferred, type Deferred, type Delivered } from '../outcome.ts';
import { parseRetryAfter } from './retry.ts';
import type { Answer } from './transport.ts';

/** Heap has refused the request, and the cause may be in its entries. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  readonly detail: string;
}

/** The statuses that can mean an entry. */
const CAN_MEAN_AN_ENTRY: ReadonlySet<number> = new Set([400, 413, 422]);

/**
 * Interprets an answer. Heap documents only the statuses 200 and 400; all others have their standard HTTP meaning. The body
 * has no documented format and is not interpreted. Every other 4xx is about the request, the path, the account or a firewall
 * on the way. It says nothing about the entries, so they are deferred.
 *
 * @param now in ms since 1970
 */
export function readAnswer(answer: Answer, now: number): Delivered | Refused | Deferred {
  if (answer.kind === 'timeout') return deferred('heap_timeout', 'Heap did not answer in time');
  if (answer.kind === 'unreachable') return deferred('heap_unreachable', `Heap cannot be reached: ${answer.detail}`);

  const { status, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const detail = `Heap answered ${status}${body.trim() === '' ? '' : `: ${body.trim()}`}`;
  const retryAfterMs = parseRetryAfter(answer.retryAfter, now);
  const more = { heapStatus: status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  if (status === 429) return deferred('heap_throttled', detail, more);
  if (status === 408 || status >= 500) return deferred('heap_error', detail, more);
  if (status < 400) return deferred('heap_redirected', detail, more);
  if (!CAN_MEAN_AN_ENTRY.has(status)) return deferred('heap_client_error', detail, more);
  return { kind: 'refused', status, detail };
}
