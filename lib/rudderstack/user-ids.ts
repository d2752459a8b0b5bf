import { trimInvisible } from '../visible-text.ts';
import { isPlaceholder } from './placeholder-ids.ts';

/** Fields of an event, in the order in which they are looked at. */
export type Paths = readonly (readonly string[])[];

/** The fields that may contain the id of a known user, in RudderStack's order. */
export const KNOWN_USER: Paths = [
  ['userId'],
  ['traits', 'userId'],
  ['traits', 'id'],
  ['context', 'traits', 'userId'],
  ['context', 'traits', 'id'],
];
/** RudderStack's next place. */
export const ANONYMOUS_USER: Paths = [['anonymousId']];

/**
 * Returns an id as it stands for one person: as text, without invisible characters at its ends. With one, it would be another
 * person than without. Within an id they stay, since they may belong to it, as in some scripts and emojis.
 *
 * @param placeholders those that the owner has added to the known ones
 * @returns undefined if it stands for nobody
 */
export function usableId(value: unknown, placeholders: ReadonlySet<string>): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  const id = trimInvisible(String(value));
  return isPlaceholder(id, placeholders) ? undefined : id;
}
