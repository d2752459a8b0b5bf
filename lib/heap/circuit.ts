/** When a circuit opens and how long it stays open. */
export interface CircuitPolicy {
  /** Failed attempts in a row. */
  readonly failures: number;
  /** How long nothing is sent before one request probes, in ms. */
  readonly openMs: number;
}

export const CIRCUIT_POLICY: CircuitPolicy = { failures: 4, openMs: 30_000 };

/**
 * Remembers whether sending makes sense. It lives as long as its container: while Heap is down, the next batches are
 * deferred without a request, except for one that probes now and then.
 */
export interface Circuit {
  /** `open`: do not send. `probing`: one attempt only. */
  state(now: number): 'closed' | 'open' | 'probing';
  /** Until when it is open, in ms since 1970. */
  openUntil(): number;
  succeeded(): void;
  failed(now: number): void;
}

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

/** A circuit for each app, made when it is first needed. */
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
