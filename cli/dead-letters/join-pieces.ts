import { gunzipSync } from 'node:zlib';
import type { Piece } from '../../lib/sqs/dead-letter.ts';
import type { DeadLetter } from './read-dead-letter.ts';

/** A dead letter, and all messages that it consists of: several for an event that is too large for one. */
export interface JoinedDeadLetter {
  readonly deadLetter: DeadLetter;
  readonly messages: readonly DeadLetter[];
}

/** Joins the pieces of events that are too large for one message. */
export interface PieceJoiner {
  /** Takes dead letters, and returns those that are whole with them. Pieces wait for the others of their event. */
  readonly add: (deadLetters: readonly DeadLetter[]) => readonly JoinedDeadLetter[];
  /** Pieces whose others have not come. */
  readonly waiting: () => readonly DeadLetter[];
}

/** Creates a joiner. */
export function createPieceJoiner(): PieceJoiner {
  /** By the id of their event, and by their number: SQS may deliver a piece twice, and an SDK may send an event twice. */
  const waiting = new Map<string, Map<number, DeadLetter[]>>();

  function join(one: DeadLetter, { id, number, of }: Piece): readonly JoinedDeadLetter[] {
    const pieces = waiting.get(id) ?? new Map<number, DeadLetter[]>();
    waiting.set(id, pieces);
    pieces.set(number, [...(pieces.get(number) ?? []), one]);
    if (pieces.size < of) return [];
    waiting.delete(id);
    const inOrder = [...pieces].toSorted(([a], [b]) => a - b).map(([, same]) => same);
    const text = textOf(inOrder.map(([first]) => first?.body ?? ''));
    const messages = inOrder.flat();
    return text === undefined ? apart(messages) : [{ deadLetter: { ...one, body: text, piece: undefined }, messages }];
  }

  return {
    add: (deadLetters) => deadLetters.flatMap((one) => (one.piece === undefined ? apart([one]) : join(one, one.piece))),
    waiting: () => [...waiting.values()].flatMap((pieces) => [...pieces.values()].flat()),
  };
}

function apart(messages: readonly DeadLetter[]): readonly JoinedDeadLetter[] {
  return messages.map((deadLetter) => ({ deadLetter, messages: [deadLetter] }));
}

/** @returns undefined if somebody has changed a piece */
function textOf(slices: readonly string[]): string | undefined {
  try {
    return gunzipSync(Buffer.from(slices.join(''), 'base64')).toString('utf8');
  } catch {
    return undefined;
  }
}
