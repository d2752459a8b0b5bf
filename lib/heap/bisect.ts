import { workThrough } from '../work-through.ts';
import { pausedMs, REFUSED_ALONE_AT_MOST } from './acceptances.ts';
import type { HeapCallKind } from './api.ts';
import { isSingle } from './bulk.ts';
import { sendControl } from './control.ts';
import { assign, exchange, leave, REQUESTS_AT_ONCE, takeExtraRequest, whileBisecting, type Run } from './exchange.ts';
import { nextOfUser, otherHalf, split, type Piece } from './piece.ts';
import { rejectedAlone, SEEMS_TO_REFUSE_EVERYTHING, TOO_MANY, undecided, type Refusal } from './refusal.ts';

/**
 * Bisects refused requests of one kind until each bad entry has been sent alone, since Heap does not say which entry is bad. Heap
 * may have stored a part of a refused request; idempotency keys make sending it again harmless. Until Heap has accepted something,
 * one request is sent after the other: if it refuses everything, that is seen soonest. An entry that is refused alone becomes
 * a suspect.
 */
export async function bisect(kind: HeapCallKind, pieces: readonly Piece[], run: Run): Promise<void> {
  const atOnce = (): number => (run.accepted.has(kind) ? REQUESTS_AT_ONCE : 1);
  await workThrough(pieces, atOnce, async (piece) =>
    piece.isRefused && !isSingle(piece.request) ? divide(piece, run) : await sendPiece(piece, run),
  );
}

function divide(piece: Piece, run: Run): readonly Piece[] {
  const { kind } = piece.request;
  const isHopeless = run.refusedInARow[kind] >= REFUSED_ALONE_AT_MOST;
  const part = isHopeless || pausedMs(run.endpointOf(kind), run.now()) > 0 ? undefined : split(piece);
  if (part !== undefined) return [part];
  leave(piece, undecided(piece.refusal, SEEMS_TO_REFUSE_EVERYTHING), run);
  return [];
}

/** Sends a piece. Returns what is to be done next. */
async function sendPiece(piece: Piece, run: Run): Promise<readonly Piece[]> {
  const { request, refusal, isRefused } = piece;
  // A control was refused meanwhile.
  const isPaused = pausedMs(run.endpointOf(request.kind), run.now()) > 0;
  if (isPaused || !takeExtraRequest(run)) {
    leave(piece, undecided(refusal, isPaused ? SEEMS_TO_REFUSE_EVERYTHING : TOO_MANY), run);
    return otherHalf(piece, false);
  }
  const result = await exchange(request, run, isRefused ? refusal.at : undefined);
  if (result.kind === 'delivered') {
    assign(request, result, run);
    return [...otherHalf(piece, true), ...nextOfUser(piece)];
  }
  if (result.kind === 'refused') {
    const next = [...afterRefusal(piece, result, run), ...otherHalf(piece, false)];
    // With nothing accepted so far, the rest may be refused for another reason than a bad entry.
    if (isSingle(request) && next.length > 0 && !run.accepted.has(request.kind)) await sendControl(request, run);
    return next;
  }
  leave(piece, whileBisecting(result, run), run);
  return otherHalf(piece, false);
}

/** Rejects an entry that was refused alone, if that is believed, or makes it a suspect. A larger piece is split next. */
export function afterRefusal(piece: Piece, refusal: Refusal, run: Run): readonly Piece[] {
  const { request, later } = piece;
  const refused: Piece = { request, refusal, isRefused: true, later };
  if (!isSingle(request)) return [refused];
  if (!refusal.isBelieved) {
    run.suspects.push(refused);
    return [];
  }
  assign(request, rejectedAlone(refusal), run);
  return nextOfUser(piece);
}
