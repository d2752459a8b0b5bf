/** When a circuit opens and how long it stays open. */
export interface CircuitPolicy {
  /** The circuit opens after this many failed attempts, each begun after the one before had failed, without a success. */
  readonly failures: number;
  /** How long the circuit stays open before one attempt probes Heap, in ms. */
  readonly openMs: number;
}

/**
 * The policy used in production. Fewer failures would open the circuit while every second request still succeeds, and hold up
 * events that get through with one more attempt.
 */
export const CIRCUIT_POLICY: CircuitPolicy = { failures: 12, openMs: 30_000 };

/** The beginning and the end of an attempt, in ms since 1970. */
export interface Span {
  readonly startedAt: number;
  readonly endedAt: number;
}

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
  /** Records a failed attempt. Attempts that were under way at the same time count once, since they may have one cause. */
  readonly failed: (attempt: Span) => void;
}

/** Creates a closed circuit. */
export function createCircuit(policy: CircuitPolicy = CIRCUIT_POLICY): Circuit {
  let failuresInARow = 0;
  let lastFailureAt = -Infinity;
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
    failed({ startedAt, endedAt }) {
      if (failuresInARow === 0 || startedAt >= lastFailureAt) failuresInARow += 1;
      lastFailureAt = endedAt;
      if (failuresInARow >= policy.failures) openUntil = endedAt + policy.openMs;
    },
  };
}
