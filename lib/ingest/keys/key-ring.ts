import type { Clock } from '../../clock.ts';
import { findSource, parseIngestKeys, type IngestKeys, type Source } from './write-keys.ts';

/** After this the keys are read again, in ms: a key that was taken back counts no longer. */
const FRESH_MS = 5 * 60 * 1000;
/** An unknown key may be a new one, but nobody can make the function read more often than this, in ms. */
const SOONEST_MS = 30 * 1000;

export interface KeyRing {
  /**
   * @returns whose key it is; undefined for nobody's
   * @throws when the keys could never be read
   */
  find(kind: keyof IngestKeys, given: string): Promise<Source | undefined>;
}

export interface KeyRingDependencies {
  /** Reads the keys' JSON from where the owner keeps it. */
  readonly load: () => Promise<string>;
  readonly clock: Clock;
  /** The keys could not be read again; those that are known stay good. */
  readonly onStale: (error: unknown) => void;
}

/** Keeps the keys in memory between requests. */
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
