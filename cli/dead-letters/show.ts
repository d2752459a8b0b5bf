import { parseJsonToPassOn } from '../../lib/exact-json.ts';
import { previewBody } from '../../lib/mapping/preview.ts';
import type { Connection } from '../connection.ts';
import type { Hint } from '../hint.ts';
import type { NamedConfig } from '../read-config.ts';
import type { NamedTransformation } from '../transformation.ts';
import type { DeadLetter } from './read-dead-letter.ts';
import { isSelected } from './selection.ts';
import { toCompleteness, type Completeness } from './unseen.ts';
import { visitDeadLetters, type VisitOptions } from './visit.ts';

/** A dead letter, and how its event would be mapped now. */
export interface ShownDeadLetter {
  readonly deadLetter: Omit<DeadLetter, 'receiptHandle' | 'ownAttributes' | 'failedAt'> & {
    /** In ISO 8601. */
    readonly failedAt: string;
  };
  /** Parsed, if it is valid JSON. */
  readonly event: unknown;
  readonly today: ReturnType<typeof previewBody>;
  /** Where the settings are from with which it is mapped. */
  readonly settings: string;
  /** The file of the transformation, if there is one. */
  readonly transformation?: string;
}

/** What `showDeadLetter` has found. */
export type Shown = ({ readonly kind: 'found' } & ShownDeadLetter) | ({ readonly kind: 'not_found' } & Completeness);

/**
 * Finds a dead letter by SQS's message id or the event's `messageId`.
 *
 * @param config the settings with which the event is mapped
 * @param transformation run before that; undefined if there is none
 * @returns for one that was not found, whether all dead letters were seen
 */
export async function showDeadLetter(
  { client, deadLetterQueueUrl }: Connection,
  id: string,
  { name, config }: NamedConfig,
  visiting: VisitOptions,
  transformation?: NamedTransformation,
): Promise<Shown> {
  let found: DeadLetter | undefined;
  const isFound = new AbortController();
  const options = { ...visiting, signal: AbortSignal.any([visiting.signal, isFound.signal]) };
  const visited = await visitDeadLetters(client, deadLetterQueueUrl, options, (deadLetters) => {
    found ??= deadLetters.find((one) => isSelected(one, { id }));
    if (found !== undefined) isFound.abort();
    return new Set();
  });
  if (found === undefined) return { kind: 'not_found', ...toCompleteness(visited) };
  const { receiptHandle: _, ownAttributes: __, failedAt, ...others } = found;
  const deadLetter = { ...others, failedAt: new Date(failedAt).toISOString() };
  const today = previewBody(deadLetter.body, config, undefined, transformation?.transformEvent);
  return {
    kind: 'found',
    deadLetter,
    event: parsed(deadLetter.body),
    today,
    settings: name,
    ...(transformation !== undefined && { transformation: transformation.name }),
  };
}

/** Formats a dead letter for people. */
export function describeDeadLetter(
  { deadLetter, event, today, settings, transformation }: ShownDeadLetter,
  hint: Hint,
): string {
  const { id, failedAt, reason, detail, heapStatus, eventMessageId, sourceMessageId, redrives, piece } = deadLetter;
  const facts: [string, string | undefined][] = [
    ['id', id],
    ['failed at', failedAt],
    ['reason', reason === 'none' ? 'none (moved by SQS’s redrive policy)' : reason],
    ['detail', detail === '' ? undefined : detail],
    ['Heap’s status', heapStatus],
    ['event’s messageId', eventMessageId],
    ['source message id', sourceMessageId],
    [
      'piece',
      piece === undefined
        ? undefined
        : `${piece.number} of ${piece.of}. To join them: ${hint('dead-letters', 'export', 'dead-letters.ndjson')}`,
    ],
    ['redriven', redrives === 0 ? undefined : `${redrives} ×`],
  ];
  const known = facts.filter(([, value]) => value !== undefined);
  return [
    ...known.map(([name, value]) => `${name.padEnd(18)} ${value}`),
    '\nThe original event:',
    typeof event === 'string' ? event : JSON.stringify(event, undefined, 2),
    `\nHow it would be mapped now, ${transformation === undefined ? '' : `transformed by ${transformation}, `}with the settings of ${settings}:`,
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
