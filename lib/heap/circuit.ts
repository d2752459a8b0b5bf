/** When a circuit opens and how long it stays open. */
export interface CircuitPolicy {
  /** The circuit opens after this many consecutive failed attempts. */
  readonly failures: number;
  /** How long the circuit stays open before one attempt probes Heap, in ms. */
  readonly openMs: number;
}

/** The policy used in production. */
export const CIRCUIT_POLICY: CircuitPolicy = { failures: 4, openMs: 30_000 };

/** `open`: send nothing. `probing`: send one attempt only. */
export type CircuitState = 'closed' | 'open' | 'probing';

/**
 * A circuit breaker. While Heap is unavailable, events are deferred without a request, except for one probe after each open
 * period. All times are in ms since 1970.
 *
 * @see https://learn.microsoft.com/en-us/azure/architecture/patterns/circuit-breaker
 */
export interface Circuit {
  readonly state: (now: number) => CircuitState;
  /** When the open period ends. */
  readonly openUntil: () => number;
  /** Records a successful attempt, which closes the circuit. */
  readonly succeeded: () => void;
  /** Records a failed attempt. */
  readonly failed: (now: number) => void;
}

/** Creates a closed circuit. */
export function createCircuit(policy: CircuitPolicy = CIRCUIT_POLICY): Circuit {
  let failuresInARow = 0;
  let openUntil = 0;
  return {
    state(now) {
      if (failuresInARow < policy.failures) return 'closed';
      return now < openUntil ? 'open' : 'probing';
    },
    openUntil: () => openUntil,
    succeeded() {
      failuresInARow = 0;
    },
    failed(now) {
      failuresInARow += 1;
      if (failuresInARow >= policy.failures) openUntil = now + policy.openMs;
    },
  };
}
