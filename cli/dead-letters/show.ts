import type { JsonObject } from '../../lib/json.ts';
import { parseJsonToPassOn } from '../../lib/exact-json.ts';
import { previewBody } from '../../lib/mapping/preview.ts';
import type { Connection } from '../connection.ts';
import type { DeadLetter } from './read-dead-letter.ts';
import { isSelected } from './selection.ts';
import { visitDeadLetters, type VisitOptions } from './visit.ts';

/** A dead letter, and how its event would be mapped now. */
export interface ShownDeadLetter {
  readonly deadLetter: Omit<DeadLetter, 'receiptHandle' | 'ownAttributes'>;
  /** Parsed, if it is valid JSON. */
  readonly event: unknown;
  readonly today: ReturnType<typeof previewBody>;
}

/**
 * Finds a dead letter by SQS's message id or the event's `messageId`.
 *
 * @param config RudderStack's `Config`, used to map the event
 * @returns undefined if there is no such dead letter
 */
export async function showDeadLetter(
  { client, deadLetterQueueUrl }: Connection,
  id: string,
  config: JsonObject,
  { visibilityTimeoutS, signal }: VisitOptions,
): Promise<ShownDeadLetter | undefined> {
  let found: DeadLetter | undefined;
  const isFound = new AbortController();
  const options = { visibilityTimeoutS, signal: AbortSignal.any([signal, isFound.signal]) };
  await visitDeadLetters(client, deadLetterQueueUrl, options, (deadLetters) => {
    found ??= deadLetters.find((one) => isSelected(one, { id }));
    if (found !== undefined) isFound.abort();
    return new Set();
  });
  if (found === undefined) return undefined;
  const { receiptHandle: _, ownAttributes: __, ...deadLetter } = found;
  return { deadLetter, event: parsed(deadLetter.body), today: previewBody(deadLetter.body, config) };
}

/** Formats a dead letter for people. */
export function describeDeadLetter({ deadLetter, event, today }: ShownDeadLetter): string {
  const { id, failedAt, reason, detail, heapStatus, eventMessageId, sourceMessageId, redrives, piece } = deadLetter;
  const facts: [string, string | undefined][] = [
    ['id', id],
    ['failed at', new Date(failedAt).toISOString()],
    ['reason', reason === 'none' ? 'none (moved by SQS’s redrive policy)' : reason],
    ['detail', detail === '' ? undefined : detail],
    ['Heap’s status', heapStatus],
    ['event’s messageId', eventMessageId],
    ['source message id', sourceMessageId],
    ['piece', piece === undefined ? undefined : `${piece.number} of ${piece.of}; heapq dead-letters export joins them`],
    ['redriven', redrives === 0 ? undefined : `${redrives} ×`],
  ];
  const known = facts.filter(([, value]) => value !== undefined);
  return [
    ...known.map(([name, value]) => `${name.padEnd(18)} ${value}`),
    '\nThe original event:',
    typeof event === 'string' ? event : JSON.stringify(event, undefined, 2),
    '\nHow it would be mapped now:',
    JSON.stringify(today, undefined, 2),
  ].join('\n');
}

function parsed(body: string): unknown {
  try {
    return parseJsonToPassOn(body);
  } catch {
    return body;
  }
}
