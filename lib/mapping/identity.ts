import { LIMITS } from '../heap/api.ts';
import { rejected, type Rejected } from '../outcome.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';

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
 * Values that faulty code sends instead of an id. They are ignored, because Heap would merge all users with the same
 * identity into one profile, permanently.
 *
 * @see https://developers.heap.io/reference/identify
 */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  'undefined',
  'null',
  'none',
  'nil',
  'nan',
  '0',
  'false',
  'true',
  'guest',
  'anonymous',
  'unknown',
  'user',
  '[object object]',
]);

/**
 * Returns the user's identity in Heap: the first usable id of the event, trimmed. If it is too long for Heap, the event is
 * rejected. Using the next id instead would split the user's history.
 */
export function readIdentity(
  event: RudderStackEvent,
): { readonly kind: 'identity'; readonly identity: string } | Rejected {
  for (const path of PATHS) {
    const identity = asId(valueAt(event, path));
    if (identity === undefined) continue;
    if (identity.length > LIMITS.identityCharacters) {
      const detail = `${path.join('.')} has ${identity.length} characters, Heap takes ${LIMITS.identityCharacters} at most`;
      return rejected('identity_too_long', detail);
    }
    return { kind: 'identity', identity };
  }
  return rejected('missing_identity', 'userId is required');
}

function asId(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  const id = String(value).trim();
  return id === '' || PLACEHOLDERS.has(id.toLowerCase()) ? undefined : id;
}
