import { halve, type BulkRequest } from './bulk.ts';
import type { Refusal } from './refusal.ts';

/** A part of a refused request, or all of it. */
export interface Piece {
  readonly request: BulkRequest;
  /** Why the piece is looked at: Heap has refused it, or a request that held it. */
  readonly refusal: Refusal;
  /** Heap has refused these entries, together or in a request of which it has accepted the rest since. */
  readonly isRefused: boolean;
  /** The other half of the same request. It is next when this half has its answer. */
  readonly other?: BulkRequest;
  /** Later properties of the same user. They are next when this piece has its outcome, and must not overtake it. */
  readonly later: readonly BulkRequest[];
}

/**
 * Splits a refused piece in two.
 *
 * @returns undefined if it is a single entry
 */
export function split(piece: Piece): Piece | undefined {
  const { request, refusal, later } = piece;
  const [first, second] = halve(request) ?? [];
  if (first === undefined || second === undefined) return undefined;
  const isOneUser = request.entries.length === 1;
  return isOneUser
    ? { request: first, refusal, isRefused: false, later: [second, ...later] }
    : { request: first, refusal, isRefused: false, other: second, later };
}

/**
 * The other half of a request. If Heap has accepted the first half, it has refused the request for the other one, unless the
 * request was too large.
 */
export function otherHalf({ other, refusal }: Piece, isFirstAccepted: boolean): readonly Piece[] {
  if (other === undefined) return [];
  return [{ request: other, refusal, isRefused: isFirstAccepted && refusal.status !== 413, later: [] }];
}

/** The later properties of the user, when the piece has its outcome. */
export function nextOfUser({ later: [next, ...later], refusal }: Piece): readonly Piece[] {
  return next === undefined ? [] : [{ request: next, refusal, isRefused: false, later }];
}
