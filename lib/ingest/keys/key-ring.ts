import type { Clock } from '../../clock.ts';
import { findSource, parseIngestKeys, type IngestKeys, type Source } from './write-keys.ts';

/** The keys are read again after this time, in ms. A revoked key is accepted for so long. */
const FRESH_MS = 5 * 60 * 1000;
/** The shortest time between two reads, in ms. It limits the reads that requests with unknown keys can cause. */
const SOONEST_MS = 30 * 1000;

/** The keys of all sources, cached in memory. */
export interface KeyRing {
  /**
   * Finds the source of a key.
   *
   * @returns undefined if the key is unknown
   * @throws if the keys have never been read successfully
   */
  find(kind: keyof IngestKeys, given: string): Promise<Source | undefined>;
}

/** What the key ring uses. */
export interface KeyRingDependencies {
  /** Loads the keys as JSON. */
  readonly load: () => Promise<string>;
  readonly clock: Clock;
  /** Called if the keys could not be read again. The cached keys stay valid. */
  readonly onStale: (error: unknown) => void;
}

/**
 * Creates a key ring. It loads the keys at the first request, again when they are five minutes old, and also for an unknown
 * key, which may be new.
 */
export function createKeyRing({ load, clock, onStale }: KeyRingDependencies): KeyRing {
  let known: IngestKeys | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let loadedAt = Number.NEGATIVE_INFINITY;

  async function read(): Promise<IngestKeys> {
    triedAt = clock.now();
    try {
      known = parseIngestKeys(await load());
      loadedAt = triedAt;
    } catch (error) {
      if (known === undefined) throw error;
      onStale(error);
    }
    return known;
  }

  return {
    async find(kind, given) {
      const mayRead = (): boolean => clock.now() - triedAt >= SOONEST_MS;
      const isStale = clock.now() - loadedAt >= FRESH_MS;
      const keys = known === undefined || (isStale && mayRead()) ? await read() : known;
      const found = findSource(keys[kind], given);
      if (found !== undefined || !mayRead()) return found;
      return findSource((await read())[kind], given);
    },
  };
}
