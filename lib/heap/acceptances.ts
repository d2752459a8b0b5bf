/** When an app has last accepted a request, and what it has refused since. Times are in ms since 1970. */
export interface AppAcceptances {
  /** Records a request that Heap has accepted. */
  readonly accepted: (now: number) => void;
  /** Records an entry that Heap has refused alone. */
  readonly refusedAlone: () => void;
  /** How many requests Heap has accepted. */
  readonly count: () => number;
  /** Whether Heap has accepted a request within the last ten minutes. */
  readonly hasAcceptedLately: (now: number) => boolean;
  /** Whether the next refusal of an entry alone says something about the entry. */
  readonly isRefusalBelieved: (now: number) => boolean;
  /** How many entries were refused alone since the last acceptance. */
  readonly refusedInARow: () => number;
  /** Whether so many entries in a row were refused alone that the cause is hardly in the entries. */
  readonly seemsToRefuseEverything: () => boolean;
  /** Stops bisecting for 30 s, or until Heap accepts something. */
  readonly pause: (now: number) => void;
  /** How much longer bisecting is stopped, in ms; 0 if it is not. */
  readonly pausedMs: (now: number) => number;
}

/** The acceptances of each app. They live as long as their container. */
export type Acceptances = (appId: string) => AppAcceptances;

/** An acceptance counts as evidence for this long, in ms. */
const LATELY_MS = 10 * 60 * 1000;
/** After this many entries refused alone with nothing accepted in between, the cause is not in the entries. */
export const REFUSED_ALONE_AT_MOST = 8;
/** How long nothing is bisected when Heap seems to refuse everything, in ms. */
const PAUSE_MS = 30_000;
/** The capacity in apps, since app ids may come from events. The app whose last answer is the oldest is evicted first. */
const MOST_APPS = 1000;

interface AppState {
  readonly count: number;
  readonly acceptedAt: number;
  readonly refusedAlone: number;
  readonly pausedUntil: number;
}

const NOTHING_YET: AppState = { count: 0, acceptedAt: Number.NEGATIVE_INFINITY, refusedAlone: 0, pausedUntil: 0 };

/**
 * Creates the record of acceptances. Heap answers 400 to a bad entry, but also to a wrong app id, and a proxy may answer 400 or
 * 422 to everything. So a refusal is believed only if the same app has accepted a request lately, and only for a few entries
 * in a row.
 *
 * @param apps stores the state of each app
 */
export function createAcceptances(apps: Map<string, AppState> = new Map()): Acceptances {
  function update(appId: string, state: AppState): void {
    // A map keeps the order of insertion, so the first key is the app that was updated the longest time ago.
    apps.delete(appId);
    apps.set(appId, state);
    if (apps.size <= MOST_APPS) return;
    for (const oldest of apps.keys()) {
      apps.delete(oldest);
      return;
    }
  }

  return (appId) => {
    const state = (): AppState => apps.get(appId) ?? NOTHING_YET;
    const hasAcceptedLately = (now: number): boolean => now - state().acceptedAt <= LATELY_MS;
    return {
      accepted: (now) => update(appId, { count: state().count + 1, acceptedAt: now, refusedAlone: 0, pausedUntil: 0 }),
      refusedAlone: () => update(appId, { ...state(), refusedAlone: state().refusedAlone + 1 }),
      count: () => state().count,
      hasAcceptedLately,
      isRefusalBelieved: (now) => hasAcceptedLately(now) && state().refusedAlone < REFUSED_ALONE_AT_MOST,
      refusedInARow: () => state().refusedAlone,
      seemsToRefuseEverything: () => state().refusedAlone >= REFUSED_ALONE_AT_MOST,
      pause: (now) => update(appId, { ...state(), pausedUntil: now + PAUSE_MS }),
      pausedMs: (now) => Math.max(0, state().pausedUntil - now),
    };
  };
}
