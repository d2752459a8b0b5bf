import { LIMITS } from './api.ts';

/** How many entries a request to an app may hold. It lives as long as its container. */
export interface EntryLimit {
  of(appId: string): number;
  /**
   * Takes note of how an app's requests of one invocation went.
   *
   * @param unfinished the entries of the smallest request that there was no time or no room to cut out further; undefined: none
   */
  note(appId: string, unfinished: number | undefined): void;
}

/** How much faster the limit recovers than it was halved. */
const RECOVERY = 4;

/**
 * Heap's own limit, as a rule. Cutting a bad entry out of 1000 takes ten requests in a row; when an invocation has no time
 * for them, or the rate limits no room, each would begin anew and end nowhere. So the next one begins where this one ended.
 */
export function createEntryLimit(): EntryLimit {
  const limits = new Map<string, number>();
  const of = (appId: string): number => limits.get(appId) ?? LIMITS.entriesPerRequest;
  return {
    of,
    note(appId, unfinished) {
      const next = unfinished ?? of(appId) * RECOVERY;
      if (next < LIMITS.entriesPerRequest) limits.set(appId, Math.max(1, next));
      else limits.delete(appId);
    },
  };
}
