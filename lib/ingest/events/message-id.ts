import { hash } from 'node:crypto';
import type { RudderStackEvent } from '../../rudderstack/event.ts';

/** Fields that a repeated request has anew, or that say nothing. */
const NO_CONTENT: ReadonlySet<string> = new Set(['messageId', 'sentAt', 'receivedAt']);

const HOUR_MS = 3_600_000;

/**
 * Makes ids for the events of one request that have none, from their content: an SDK that repeats the request gets the same
 * ids, so that the copies count once in Heap. Equal events of one request stay several, since the place among them counts.
 *
 * An event without any time of its own has the hour of its arrival instead. Otherwise everything that a user ever does twice
 * would count once.
 *
 * @param receivedAtMs when the request was received, in ms since 1970
 * @returns a function that takes the events in order
 */
export function messageIdsOf(receivedAtMs: number): (event: RudderStackEvent) => string {
  /** How often each content has come, by the digest of its first event: the contents themselves may be many megabytes. */
  const seen = new Map<string, number>();
  return (event) => {
    const content = contentOf(event, receivedAtMs);
    const first = digestOf(0, content);
    const index = seen.get(first) ?? 0;
    seen.set(first, index + 1);
    const digest = index === 0 ? first : digestOf(index, content);
    return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  };
}

function digestOf(index: number, content: string): string {
  return hash('sha256', `${index}:${content}`, 'hex').slice(0, 32);
}

function contentOf(event: RudderStackEvent, receivedAtMs: number): string {
  const fields = Object.entries(event).filter(([key]) => !NO_CONTENT.has(key));
  const content = JSON.stringify(Object.fromEntries(fields));
  const hasTime = isGiven(event.timestamp) || isGiven(event.originalTimestamp);
  return hasTime ? content : `${Math.floor(receivedAtMs / HOUR_MS)}:${content}`;
}

function isGiven(time: unknown): boolean {
  return time !== undefined && time !== null && time !== '';
}
