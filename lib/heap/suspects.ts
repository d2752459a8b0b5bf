import { mapLimit } from '../map-limit.ts';
import { hasAcceptedSince, pausedMs, wasLately } from './acceptances.ts';
import { bisect } from './bisect.ts';
import { sendControl } from './control.ts';
import { assign, exchange, leave, REQUESTS_AT_ONCE, takeExtraRequest, whileBisecting, type Run } from './exchange.ts';
import { nextOfUser, type Piece } from './piece.ts';
import { NOTHING_ACCEPTED, rejectedAlone, TOO_MANY, undecided } from './refusal.ts';

/**
 * Decides the entries that were refused alone. Such an entry is sent a second time once Heap has accepted another one of the same
 * endpoint, and rejected if it is refused again. Normally other parts of its request have been accepted since. If not, an event
 * that Heap has accepted before is sent again: if that is refused too, the cause is not in the entries. Old user properties
 * are never sent again, since they might overtake newer ones; there the second time may come in a later invocation.
 */
export async function hearSuspects(run: Run): Promise<void> {
  // The later properties of a suspect's user may become suspects too.
  for (let suspects = run.suspects.splice(0); suspects.length > 0; suspects = run.suspects.splice(0)) {
    for (const suspect of suspects) await findEvidence(suspect, run);
    await mapLimit(suspects, REQUESTS_AT_ONCE, (suspect) => hearAgain(suspect, run));
  }
}

function hasEvidence({ request, refusal }: Piece, { endpointOf, now }: Run): boolean {
  const endpoint = endpointOf(request.kind);
  return !wasLately(endpoint.contradictedAt, now()) && hasAcceptedSince(endpoint, refusal.at);
}

/** Sends what Heap should accept, if it accepts anything. */
async function findEvidence(suspect: Piece, run: Run): Promise<void> {
  const endpoint = run.endpointOf(suspect.request.kind);
  if (hasEvidence(suspect, run) || wasLately(endpoint.contradictedAt, run.now()) || pausedMs(endpoint, run.now()) > 0)
    return;
  await sendControl(suspect.request, run);
  // Later properties of the user are sent ahead, and again behind the suspect. If Heap accepts those of others, the next invocation
  // sends the refused ones in halves. Otherwise a user with many bad ones would have one of them decided in each.
  for (const part of suspect.later) {
    if (hasEvidence(suspect, run) || !takeExtraRequest(run)) return;
    const result = await exchange(part, run);
    if (result.kind === 'refused' && run.accepted.has(part.kind)) run.ahead.set(part, result.at);
  }
}

async function hearAgain(suspect: Piece, run: Run): Promise<void> {
  const { request, refusal } = suspect;
  const isReady = hasEvidence(suspect, run);
  if (!isReady || !takeExtraRequest(run)) {
    leave(suspect, undecided(refusal, isReady ? TOO_MANY : NOTHING_ACCEPTED), run);
    return;
  }
  const result = await exchange(request, run, refusal.at);
  if (result.kind === 'deferred') {
    leave(suspect, whileBisecting(result, run), run);
  } else if (result.kind === 'refused' && !result.isBelieved) {
    leave(suspect, undecided(refusal, NOTHING_ACCEPTED), run);
  } else {
    assign(request, result.kind === 'refused' ? rejectedAlone(result) : result, run);
    await bisect(request.kind, nextOfUser(suspect), run);
  }
}
