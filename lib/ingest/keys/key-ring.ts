import type { Clock } from '../../clock.ts';
import { digestOf, findSource, parseIngestKeys, type IngestKeys, type Source } from './write-keys.ts';

/** The keys are read again after this time, in ms. A revoked key is accepted for so long. */
const FRESH_MS = 5 * 60 * 1000;
/** The shortest time between two reads, in ms. It limits the reads that requests with unknown keys can cause. */
const SOONEST_MS = 30 * 1000;
/** How many wrong keys are remembered, each in about 100 bytes. The one that was asked for first is forgotten first. */
const MOST_WRONG_KEYS = 1000;

/** What is known of a key. */
export type KeyFinding =
  | { readonly kind: 'found'; readonly source: Source }
  /** A read has shown that no source has the key. */
  | { readonly kind: 'wrong' }
  /** The key is not in memory, and whether it is new cannot be read now. */
  | {
      readonly kind: 'undecided';
      /** The time until the keys may be read again, in ms. */
      readonly retryAfterMs: number;
    };

/** The keys of all sources, cached in memory. */
export interface KeyRing {
  /**
   * Finds the source of a key. A key is wrong only if a read that began after this call does not have it, or one has shown
   * before that it is wrong and the last read, half a minute ago at most, found the same document.
   *
   * @throws if the keys have never been read successfully
   */
  find(kind: keyof IngestKeys, given: string): Promise<KeyFinding>;
}

/** What the key ring uses. */
export interface KeyRingDependencies {
  /** Loads the keys as JSON. */
  readonly load: () => Promise<string>;
  readonly clock: Clock;
  /** Called if the keys could not be read again. The cached keys stay valid. */
  readonly onStale: (error: unknown) => void;
}

/** The keys as they were read last. */
interface Known {
  readonly keys: IngestKeys;
  readonly document: Buffer;
  /** The number of the read. */
  readonly read: number;
  /** When the read began. */
  readonly loadedAt: number;
}

/**
 * Creates a key ring. It loads the keys at the first request, again when they are five minutes old, and also for an unknown
 * key, which may be new. Requests that wait at the same time share a read.
 */
export function createKeyRing({ load, clock, onStale }: KeyRingDependencies): KeyRing {
  let known: Known | undefined;
  let reading: Promise<Known> | undefined;
  let reads = 0;
  let triedAt = Number.NEGATIVE_INFINITY;
  const wrong = new Set<string>();

  async function read(): Promise<Known> {
    triedAt = clock.now();
    reads += 1;
    const begun = { read: reads, loadedAt: triedAt };
    try {
      const json = await load();
      const next = { ...begun, keys: parseIngestKeys(json), document: digestOf(json) };
      if (known?.document.equals(next.document) !== true) wrong.clear();
      known = next;
    } catch (error) {
      // The document may have changed, so a key that was wrong may be right by now.
      wrong.clear();
      if (known === undefined) throw error;
      onStale(error);
    }
    return known;
  }

  async function shareRead(): Promise<Known> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return await reading;
  }

  function remember(entry: string): void {
    wrong.add(entry);
    const [oldest] = wrong;
    if (wrong.size > MOST_WRONG_KEYS && oldest !== undefined) wrong.delete(oldest);
  }

  const waitMs = (): number => triedAt + SOONEST_MS - clock.now();

  return {
    async find(kind, given) {
      const readsBefore = reads;
      const isStale = known === undefined || clock.now() - known.loadedAt >= FRESH_MS;
      let latest = known === undefined || (isStale && waitMs() <= 0) ? await shareRead() : known;
      let source = findSource(latest.keys[kind], given);
      // A read that was already under way may be too early for a new key.
      if (source === undefined && latest.read <= readsBefore && (reading !== undefined || waitMs() <= 0)) {
        latest = await shareRead();
        source = findSource(latest.keys[kind], given);
      }
      if (source !== undefined) return { kind: 'found', source };
      const entry = `${kind} ${digestOf(given).toString('base64')}`;
      if (latest.read > readsBefore) remember(entry);
      return wrong.has(entry) ? { kind: 'wrong' } : { kind: 'undecided', retryAfterMs: Math.max(0, waitMs()) };
    },
  };
}
