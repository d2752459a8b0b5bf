import type { HeapEvent, HeapUser } from '../../lib/heap/api.ts';

/** The name of the events that the check sends, so that all of them can be found and hidden in Heap at once. */
export const EVENT = 'Heap contract check';

/** What a run of the check is about. */
export interface Run {
  /** Seven characters of lower case and digits: short enough for the question about short idempotency keys. */
  readonly id: string;
  readonly appId: string;
  /** In ms since 1970. */
  readonly startedAt: number;
}

/**
 * Returns the id of a run: the seconds since 1970 and a character by chance, so that two runs do not share idempotency keys.
 *
 * @param now in ms since 1970
 * @param random from 0 to below 1
 */
export function createRunId(now: number, random: number): string {
  const seconds = Math.floor(now / 1000).toString(36);
  return `${seconds}${Math.floor(random * 36).toString(36)}`.padStart(7, '0').slice(-7);
}

/** Each question has a user of its own, so that no limit of an identity is reached and each can be looked up alone. */
export function identityOf({ id }: Run, question: string): string {
  return `contract-check-${id}-${question}`;
}

/** The value of the property `contract_check` that each entry has. */
export function markOf({ id }: Run, question: string, part?: string): string {
  return [id, question, ...(part === undefined ? [] : [part])].join(' ');
}

/** An event of a known user. */
export type MarkedEvent = HeapEvent & { readonly identity: string };

/** An event as the function sends it. `part` tells those of one question apart. */
export function eventOf(run: Run, question: string, part?: string): MarkedEvent {
  return {
    identity: identityOf(run, question),
    event: EVENT,
    timestamp: new Date(run.startedAt).toISOString(),
    properties: { contract_check: markOf(run, question, part) },
    idempotency_key: `contract-check-${run.id}-${question}${part === undefined ? '' : `-${part}`}`,
  };
}

/** User properties as the function sends them. */
export function userOf(run: Run, question: string, part?: string): HeapUser {
  return { identity: identityOf(run, question), properties: { contract_check: markOf(run, question, part) } };
}
