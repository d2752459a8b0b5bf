import { deferred, type Deferred, type Delivered } from '../outcome.ts';
import { parseRetryAfter } from './retry.ts';
import type { Answer } from './transport.ts';

/** Heap has refused the request and will never accept it unchanged. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  readonly detail: string;
}

/**
 * Interprets an answer. Heap documents only the statuses 200 and 400; all others have their standard HTTP meaning. The body
 * has no documented format and is not interpreted.
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
  return { kind: 'refused', status, detail };
}
