import { LIMITS } from '../heap/api.ts';
import { rejected, type Rejected } from '../outcome.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { isPlaceholder } from '../rudderstack/placeholder-ids.ts';
import { trimInvisible } from '../visible-text.ts';

/** The fields that may contain the user's id, in RudderStack's order. */
const PATHS: readonly (readonly string[])[] = [
  ['userId'],
  ['traits', 'userId'],
  ['traits', 'id'],
  ['context', 'traits', 'userId'],
  ['context', 'traits', 'id'],
  ['anonymousId'],
];

/**
 * Returns the user's identity in Heap: the first id of the event that belongs to one person, without invisible characters at
 * its ends. With one, it would be another person than without. Within an id they stay, since they may belong to it, as in
 * some scripts and emojis. If the id is too long for Heap, the event is rejected. Using the next id instead would split the
 * user's history.
 *
 * @param placeholders those that the owner has added, see `Settings`
 */
export function readIdentity(
  event: RudderStackEvent,
  placeholders: ReadonlySet<string> = new Set(),
): { readonly kind: 'identity'; readonly identity: string } | Rejected {
  for (const path of PATHS) {
    const identity = asId(valueAt(event, path), placeholders);
    if (identity === undefined) continue;
    if (identity.length > LIMITS.identityCharacters) {
      const detail = `${path.join('.')} has ${identity.length} characters, Heap takes ${LIMITS.identityCharacters} at most`;
      return rejected('identity_too_long', detail);
    }
    return { kind: 'identity', identity };
  }
  return rejected('missing_identity', 'userId is required');
}

function asId(value: unknown, placeholders: ReadonlySet<string>): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  const id = trimInvisible(String(value));
  return isPlaceholder(id, placeholders) ? undefined : id;
}
