import { pause, pausedMs, REFUSED_ALONE_AT_MOST } from './acceptances.ts';
import type { SizeLesson } from './adaptive-batch-size.ts';
import { afterRefusal, bisect } from './bisect.ts';
import { laterRequests, type BulkRequest } from './bulk.ts';
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
 * @returns what it says about the size of requests
 */
export async function sendRequests(
  requests: readonly BulkRequest[],
  dependencies: SendDependencies,
): Promise<SizeLesson> {
  const run = startRun(dependencies);
  const { endpointOf, now } = run;
  const refused = await sendEachOnce(requests, run);
  const pieces = refused.flatMap(({ request, refusal }) =>
    afterRefusal({ request, refusal, isRefused: true, later: laterRequests(request) }, refusal, run),
  );
  // An event should find its user described.
  for (const [kind, ofKind] of Map.groupBy(pieces, ({ request }) => request.kind)) await bisect(kind, ofKind, run);
  await hearSuspects(run);
  for (const kind of new Set(refused.map(({ request }) => request.kind))) {
    const endpoint = endpointOf(kind);
    const isPaused = pausedMs(endpoint, now()) > 0;
    if (!run.accepted.has(kind) && !isPaused && endpoint.refusedInARow >= REFUSED_ALONE_AT_MOST) pause(endpoint, now());
  }
  const { timedOut, answered, fits, tooLarge } = run;
  return {
    // If Heap answers requests that are as large, the size is not the cause.
    timedOut: timedOut > answered ? timedOut : 0,
    // An entry that is too large by itself was sent alone, or in a request that is smaller than one that was accepted.
    fits: tooLarge < Infinity && fits < tooLarge ? fits : 0,
  };
}
