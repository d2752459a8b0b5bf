import { dropOldest } from '../drop-oldest.ts';
import { LIMITS } from './api.ts';

/** What an invocation has seen of the size of an app's requests, in entries. */
export interface SizeLesson {
  /** The size of the largest request that Heap did not answer in time; 0 if there was none, or if it has answered one as large. */
  readonly timedOut: number;
  /** The size of the largest request that Heap has accepted, if it has answered larger ones with 413; otherwise 0. */
  readonly fits: number;
}

/** What an invocation has seen of an app. */
export interface Lesson extends SizeLesson {
  /** The number of entries that Heap has accepted. */
  readonly accepted: number;
  /** The number of entries that are known to be bad. */
  readonly bad: number;
}

/** The largest number of entries per request, for each app. It lives as long as its container. */
export interface AdaptiveBatchSize {
  /** Returns the batch size for an app. */
  readonly of: (appId: string) => number;
  /** Adjusts the batch size of an app after an invocation. */
  readonly learn: (appId: string, lesson: Lesson) => void;
}

/** The factor by which the size shrinks after a timeout, and grows back after an invocation without one. */
const FACTOR = 4;
/**
 * How many bad entries a request should hold on average. Finding one takes about one and a half times the entries of its request
 * from Heap's rate limit. With fewer, there would be many more requests.
 */
const BAD_PER_REQUEST = 0.08;
/** Bad entries alone never make a request smaller, in entries: most requests would be very small ones. */
const FEWEST_ENTRIES = 8;
/** So many good entries are assumed before the first bad one. */
const GOOD_BEFORE = 1000;
/** After so many entries, what was seen before counts half. */
const MEMORY_ENTRIES = 20_000;
/** A size that was learned from a 413 grows back only after so many entries were accepted. Each try costs refused requests. */
const HELD_ENTRIES = 2000;
/** The capacity in apps, since app ids may come from events. The app whose size is known longest is evicted first. */
const MOST_APPS = 1000;

/** What is known of an app. */
export interface AppSize {
  /** The most entries that are answered in time. */
  readonly answered: number;
  /** How many entries have to be accepted before that may grow. */
  readonly held: number;
  readonly seen: number;
  readonly bad: number;
}

const UNKNOWN: AppSize = { answered: LIMITS.entriesPerRequest, held: 0, seen: GOOD_BEFORE, bad: 0 };

/**
 * Creates the adaptive batch size. It is normally Heap's limit. If Heap does not answer in time, the cause may be the size of
 * the request, so the next invocation sends smaller ones. If it answers 413, the next ones are as large as it has accepted. The
 * more entries are bad, the smaller are the requests, so that one that Heap refuses costs little.
 *
 * @param apps stores what is known of the apps whose size may differ from Heap's limit
 */
export function createAdaptiveBatchSize(apps: Map<string, AppSize> = new Map()): AdaptiveBatchSize {
  return {
    of(appId) {
      const { answered, seen, bad } = apps.get(appId) ?? UNKNOWN;
      const cheap = bad === 0 ? Infinity : Math.max(FEWEST_ENTRIES, Math.round((BAD_PER_REQUEST * seen) / bad));
      return Math.min(answered, cheap, LIMITS.entriesPerRequest);
    },
    learn(appId, { timedOut, fits, accepted, bad }) {
      const before = apps.get(appId) ?? UNKNOWN;
      const held = fits > 0 ? HELD_ENTRIES : timedOut > 0 ? 0 : Math.max(0, before.held - accepted);
      const answered = fits > 0 ? fits : nextSize(before.answered, timedOut, held);
      const seen = before.seen + accepted + bad;
      const share = seen > MEMORY_ENTRIES ? 0.5 : 1;
      const next = { answered, held, seen: seen * share, bad: (before.bad + bad) * share };
      // Less than half a bad entry makes no difference to a full request.
      if (next.bad < 0.5 && next.answered === LIMITS.entriesPerRequest) {
        apps.delete(appId);
        return;
      }
      apps.set(appId, next);
      dropOldest(apps, MOST_APPS);
    },
  };
}

/**
 * The step is a quarter of the size and not of the request, since one timeout of a small request says little about large ones.
 * If small ones time out again and again, they become smaller too; otherwise an entry that never gets an answer would hold up
 * its neighbours for ever.
 */
function nextSize(size: number, timedOut: number, held: number): number {
  if (timedOut === 0) return held > 0 ? size : Math.min(size * FACTOR, LIMITS.entriesPerRequest);
  // An entry alone cannot be sent in a smaller request.
  if (timedOut === 1) return size;
  return Math.max(1, Math.floor(size / FACTOR));
}
