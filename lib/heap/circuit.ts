/** When a circuit opens and how long it stays open. */
export interface CircuitPolicy {
  /** The circuit opens after this many consecutive failed attempts. */
  readonly failures: number;
  /** How long the circuit stays open before one attempt probes Heap, in ms. */
  readonly openMs: number;
}

/** The policy used in production. */
export const CIRCUIT_POLICY: CircuitPolicy = { failures: 4, openMs: 30_000 };

/**
 * A circuit breaker. It lives as long as its container. While Heap is unavailable, events are deferred without a request,
 * except for one probe after each open period. All times are in ms since 1970.
 *
 * @see https://learn.microsoft.com/en-us/azure/architecture/patterns/circuit-breaker
 */
export interface Circuit {
  /** `open`: send nothing. `probing`: send one attempt only. */
  state(now: number): 'closed' | 'open' | 'probing';
  /** When the open period ends. */
  openUntil(): number;
  /** Records a successful attempt, which closes the circuit. */
  succeeded(): void;
  /** Records a failed attempt. */
  failed(now: number): void;
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

/** Returns the circuit of an app, created on first use. */
export function createCircuits(create: () => Circuit = createCircuit): (appId: string) => Circuit {
  const circuits = new Map<string, Circuit>();
  return (appId) => {
    let circuit = circuits.get(appId);
    if (circuit === undefined) {
      circuit = create();
      circuits.set(appId, circuit);
    }
    return circuit;
  };
}
