import type { Clock } from '../../clock.ts';
import { ATTEMPT_MS, pauseMs, retryRead } from './retry.ts';
import { digestOf, findSource, parseIngestKeys, type IngestKeys, type Source } from './write-keys.ts';

/** The keys are read again after this time, in ms. A revoked key is accepted for so long. */
const FRESH_MS = 5 * 60 * 1000;
/** The shortest time between two reads of a container that has keys, in ms. It limits the reads that unknown keys can cause. */
const SOONEST_MS = 30 * 1000;
/** How many wrong keys are remembered, each in about 100 bytes. The one that was asked for first is forgotten first. */
const MOST_WRONG_KEYS = 1000;

/** What is known of a key. */
export type KeyFinding =
  | { readonly kind: 'found'; readonly source: Source }
  /** A read has shown that no source has the key. */
  | { readonly kind: 'wrong' }
  | {
      /**
       * `undecided`: the key is not in memory, and it is too early to read whether it is new. `unavailable`: the same, but
       * because the last read failed.
       */
      readonly kind: 'undecided' | 'unavailable';
      /** The time until the keys may be read again, in ms. */
      readonly retryAfterMs: number;
    };

/** The keys of all sources, cached in memory. */
export interface KeyRing {
  /**
   * Finds the source of a key. A key is wrong only if an attempt to read that began after this call does not have it, or one has
   * shown before that it is wrong and the last read, half a minute ago at most, found the same document.
   */
  find(kind: keyof IngestKeys, given: string): Promise<KeyFinding>;
}

/** What the key ring uses. */
export interface KeyRingDependencies {
  /**
   * Loads the keys as JSON, in one attempt with a timeout in ms. It throws a `ConfigurationError` if another attempt would fail
   * in the same way.
   */
  readonly load: (timeoutMs: number) => Promise<string>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called once for each read that failed, if the keys were read before. They stay valid. */
  readonly onStale: (error: unknown) => void;
  /** Called once for each read that failed, if the keys have never been read. */
  readonly onUnavailable: (error: unknown) => void;
}

/** The keys as they were read last. */
interface Known {
  readonly keys: IngestKeys;
  readonly document: Buffer;
  /** The number of the attempt. */
  readonly attempt: number;
  /** When the attempt began. */
  readonly loadedAt: number;
}

/**
 * Creates a key ring. It loads the keys at the first request, again when they are five minutes old, and also for an unknown
 * key, which may be new. Requests that wait at the same time share a read.
 *
 * The first read makes several attempts, to bridge a short throttle. After it has failed, the container knows that the throttle
 * is not short: it refuses at once during a pause, then makes a single attempt for the next request.
 */
export function createKeyRing({ load, clock, random, onStale, onUnavailable }: KeyRingDependencies): KeyRing {
  let known: Known | undefined;
  let reading: Promise<void> | undefined;
  let attempts = 0;
  /** How many reads in a row have failed. */
  let failedReads = 0;
  let nextReadAt = Number.NEGATIVE_INFINITY;
  const wrong = new Set<string>();

  async function attempt(timeoutMs: number): Promise<Known> {
    attempts += 1;
    const begun = { attempt: attempts, loadedAt: clock.now() };
    nextReadAt = begun.loadedAt + SOONEST_MS;
    const json = await load(timeoutMs);
    return { ...begun, keys: parseIngestKeys(json), document: digestOf(json) };
  }

  async function read(): Promise<void> {
    const isFirst = known === undefined && failedReads === 0;
    try {
      const next = await (isFirst ? retryRead(attempt, { clock, random }) : attempt(ATTEMPT_MS));
      if (known?.document.equals(next.document) !== true) wrong.clear();
      known = next;
      failedReads = 0;
    } catch (error) {
      // The document may have changed, so a key that was wrong may be right by now.
      wrong.clear();
      failedReads += 1;
      if (known === undefined) nextReadAt = clock.now() + pauseMs(failedReads, random());
      const report = known === undefined ? onUnavailable : onStale;
      report(error);
    }
  }

  async function shareRead(): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    await reading;
  }

  function remember(entry: string): void {
    wrong.add(entry);
    const [oldest] = wrong;
    if (wrong.size > MOST_WRONG_KEYS && oldest !== undefined) wrong.delete(oldest);
  }

  const waitMs = (): number => Math.max(0, nextReadAt - clock.now());
  /** Whether a request that needs a read gets one: it joins the one that is under way, or begins one. */
  const mayRead = (): boolean => reading !== undefined || waitMs() === 0;
  const isStale = ({ loadedAt }: Known): boolean => clock.now() - loadedAt >= FRESH_MS;

  return {
    async find(kind, given) {
      const attemptsBefore = attempts;
      if (known === undefined ? mayRead() : isStale(known) && waitMs() === 0) await shareRead();
      if (known === undefined) return { kind: 'unavailable', retryAfterMs: waitMs() };
      let source = findSource(known.keys[kind], given);
      // An attempt that was already under way may be too early for a new key.
      if (source === undefined && known.attempt <= attemptsBefore && mayRead()) {
        await shareRead();
        source = findSource(known.keys[kind], given);
      }
      if (source !== undefined) return { kind: 'found', source };
      const entry = `${kind} ${digestOf(given).toString('base64')}`;
      if (known.attempt > attemptsBefore) remember(entry);
      if (wrong.has(entry)) return { kind: 'wrong' };
      return { kind: failedReads > 0 ? 'unavailable' : 'undecided', retryAfterMs: waitMs() };
    },
  };
}
