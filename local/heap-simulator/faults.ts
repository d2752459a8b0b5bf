/** A fault that affects the next requests. */
export interface Fault {
  /** How many requests it affects; 1 by default. */
  readonly times?: number;
  /** Answers with this status and stores nothing. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** Delays the answer, in ms. */
  readonly delayMs?: number;
  /** Cuts the connection instead of answering: before the request is stored, or after. */
  readonly cut?: 'before_storing' | 'after_storing';
}

/** A queue of faults for the next requests. */
export interface Faults {
  readonly inject: (fault: Fault) => void;
  /** Takes the fault of the next request, if there is one. */
  readonly next: () => Fault | undefined;
  /** Removes all remaining faults. */
  readonly recover: () => void;
}

export function createFaults(): Faults {
  let faults: readonly Fault[] = [];
  return {
    inject(fault) {
      faults = [...faults, fault];
    },
    next() {
      const [fault, ...rest] = faults;
      if (fault === undefined) return undefined;
      const { times = 1 } = fault;
      faults = times > 1 ? [{ ...fault, times: times - 1 }, ...rest] : rest;
      return fault;
    },
    recover() {
      faults = [];
    },
  };
}
