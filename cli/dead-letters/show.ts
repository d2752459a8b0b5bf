import type { JsonObject } from '../../lib/json.ts';
import type { Connection } from '../connection.ts';
import { previewLine } from '../preview-line.ts';
import { isSelected, type DeadLetter } from './dead-letter.ts';
import { visitLetters, type Visiting } from './visit.ts';

/** A letter, and what would become of its event now. */
export interface ShownLetter {
  readonly letter: Omit<DeadLetter, 'receiptHandle' | 'ownAttributes'>;
  /** Parsed where it is JSON. */
  readonly event: unknown;
  readonly today: ReturnType<typeof previewLine>;
}

/**
 * Finds a letter by SQS's message id or the event's own.
 *
 * @param config RudderStack's `Config`, by which the event is mapped
 * @returns undefined when there is none
 */
export async function showLetter(
  { client, deadLetterQueueUrl }: Connection,
  id: string,
  config: JsonObject,
  { hold, signal }: Visiting,
): Promise<ShownLetter | undefined> {
  let found: DeadLetter | undefined;
  const isFound = new AbortController();
  const visiting = { hold, signal: AbortSignal.any([signal, isFound.signal]) };
  await visitLetters(client, deadLetterQueueUrl, visiting, (letters) => {
    found ??= letters.find((letter) => isSelected(letter, { id }));
    if (found !== undefined) isFound.abort();
    return new Set();
  });
  if (found === undefined) return undefined;
  const { receiptHandle: _, ownAttributes: __, ...letter } = found;
  return { letter, event: parsed(letter.body), today: previewLine(letter.body, config) };
}

export function describeLetter({ letter, event, today }: ShownLetter): string {
  const facts: [string, string | undefined][] = [
    ['id', letter.id],
    ['failed at', new Date(letter.failedAt).toISOString()],
    ['reason', letter.reason === 'none' ? 'none: SQS itself has moved it' : letter.reason],
    ['detail', letter.detail === '' ? undefined : letter.detail],
    ['Heap’s status', letter.heapStatus],
    ['event’s messageId', letter.eventMessageId],
    ['came in message', letter.sourceMessageId],
    ['sent again', letter.redrives === 0 ? undefined : `${letter.redrives} ×`],
  ];
  const known = facts.filter(([, value]) => value !== undefined);
  return [
    ...known.map(([name, value]) => `${name.padEnd(18)} ${value}`),
    '\nThe event, as it came:',
    typeof event === 'string' ? event : JSON.stringify(event, undefined, 2),
    '\nWhat would become of it today:',
    JSON.stringify(today, undefined, 2),
  ].join('\n');
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
