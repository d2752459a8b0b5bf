/** Something that goes wrong on the next requests. */
export interface Fault {
  /** How many requests it strikes; 1 when absent. */
  readonly times?: number;
  /** Answer with this status and store nothing. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** Wait so long before answering, in ms. */
  readonly delayMs?: number;
  /** Cut the connection instead of answering: before the request is stored, or after. */
  readonly cut?: 'before_storing' | 'after_storing';
}

/** Faults that wait for their request. */
export interface Faults {
  readonly inject: (fault: Fault) => void;
  /** The fault of the next request, if there is one. */
  readonly next: () => Fault | undefined;
  /** Forgets the faults that have not struck yet. */
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
