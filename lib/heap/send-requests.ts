import { pause, pausedMs, REFUSED_ALONE_AT_MOST } from './acceptances.ts';
import { afterRefusal, bisect } from './bisect.ts';
import type { BulkRequest } from './bulk.ts';
import { startRun, type SendDependencies } from './exchange.ts';
import { sendEachOnce } from './first-round.ts';
import { hearSuspects } from './suspects.ts';

/**
 * Sends the bulk requests of one app, and finds the bad entries of those that Heap refuses. Every request is sent once before any
 * is bisected, so that bad entries do not delay good ones.
 *
 * An entry is rejected only if it was refused alone twice, and Heap has accepted another one of the same endpoint in between. If
 * Heap refuses everything (for example because the app id is wrong), or if the budget is exhausted, the undecided entries are
 * deferred, and come back in smaller requests. While Heap seems to refuse everything, nothing is bisected for a while; a request
 * with new entries is sent once all the same, so that a good event never waits for bad ones.
 *
 * @returns the size of the largest request that Heap did not answer in time, in entries; 0 if there was none, or if Heap has
 *   answered one of that size
 */
export async function sendRequests(requests: readonly BulkRequest[], dependencies: SendDependencies): Promise<number> {
  const run = startRun(dependencies);
  const { endpointOf, now } = run;
  const refused = await sendEachOnce(requests, run);
  const pieces = refused.flatMap(({ request, refusal }) =>
    afterRefusal({ request, refusal, isRefused: true, later: [] }, refusal, run),
  );
  // An event should find its user described.
  for (const [kind, ofKind] of Map.groupBy(pieces, ({ request }) => request.kind)) await bisect(kind, ofKind, run);
  await hearSuspects(run);
  for (const kind of new Set(refused.map(({ request }) => request.kind))) {
    const endpoint = endpointOf(kind);
    const isPaused = pausedMs(endpoint, now()) > 0;
    if (!run.accepted.has(kind) && !isPaused && endpoint.refusedInARow >= REFUSED_ALONE_AT_MOST) pause(endpoint, now());
  }
  // If Heap answers requests that are as large, the size is not the cause.
  return run.timedOut > run.answered ? run.timedOut : 0;
}
