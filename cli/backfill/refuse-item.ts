import { SQS_LIMITS } from '../../lib/sqs/limits.ts';
import { compress, escapeJson, toMessageBody } from '../../lib/sqs/message-body.ts';
import { remedyFor, type Entry } from '../history/open-history.ts';
import type { ItemProblem } from '../history/refusal.ts';

/** Why an item cannot be sent to the queue. */
export interface RefusedItem {
  readonly code: ItemProblem | 'too_large';
  /** A phrase that follows the place. */
  readonly problem: string;
  /** What to do, as a sentence; may be empty. */
  readonly remedy: string;
}

/**
 * Decides whether an item can be sent. `enqueue` stops at one that cannot, and `enqueue --check` lists it: both ask here, so that
 * they agree.
 *
 * @returns undefined if it can be sent, or is left out
 */
export function refusalOf({ reading }: Pick<Entry, 'reading'>): RefusedItem | undefined {
  if (reading.kind === 'bad') {
    return { code: reading.code, problem: reading.problem, remedy: remedyFor(reading.code) };
  }
  if (reading.kind === 'left_out' || isSurelySmall(reading.text)) return undefined;
  const bytes = Buffer.byteLength(toBodyOf(reading.text));
  if (bytes <= SQS_LIMITS.bytes) return undefined;
  return {
    code: 'too_large',
    problem: `is too large for an SQS message: ${bytes} bytes even when compressed`,
    remedy: '',
  };
}

/** A character becomes three times as many bytes at most, by escaping, and fewer by compressing. */
function isSurelySmall(text: string): boolean {
  return Buffer.byteLength(text) * 3 <= SQS_LIMITS.bytes;
}

/**
 * Returns the body of a message for the text of one or more items. Escapes in JSON what SQS refuses. Other text must not change:
 * it is compressed if it holds such characters, and the function unpacks it.
 */
export function toBodyOf(text: string): string {
  const escaped = escapeJson(text);
  return escaped === text || isJson(text) ? toMessageBody(escaped) : compress(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
