import { isWithin, type Scenario } from '../scenarios/scenario.ts';

/** What AWS does to an invocation in an incident. */
export type InvocationFault =
  | { readonly kind: 'none' }
  /** The function is not started. */
  | { readonly kind: 'not_started' }
  /** Its process dies after some ms. */
  | { readonly kind: 'dies'; readonly afterMs: number };

/**
 * Draws what happens to an invocation.
 *
 * @param atMs in ms since the start of the run
 */
export function invocationFault({ incident }: Scenario, atMs: number, random: () => number): InvocationFault {
  if (incident.kind !== 'invocations_fail' && incident.kind !== 'crashes') return { kind: 'none' };
  if (!isWithin(incident.span, atMs) || random() >= incident.share) return { kind: 'none' };
  return incident.kind === 'crashes' ? { kind: 'dies', afterMs: incident.afterMs } : { kind: 'not_started' };
}

/** Whether Lambda polls the queue. */
export function isPolling({ incident }: Scenario, atMs: number): boolean {
  return incident.kind !== 'polling_stops' || !isWithin(incident.span, atMs);
}

/** How long Lambda tries to start a function before it reports an error, in ms. Assumed. */
export const NOT_STARTED_AFTER_MS = 1000;
/** The share of received messages that SQS delivers twice. Assumed: AWS calls it rare. */
export const DUPLICATE_SHARE = 0.00001;
/** A function's memory, in GB: that of template.yaml, for all systems. */
export const MEMORY_GB = 0.5;
