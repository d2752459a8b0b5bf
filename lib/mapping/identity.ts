import { LIMITS } from '../heap/api.ts';
import { rejected, type Rejected } from '../outcome.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';

/** RudderStack's order of the places where a user's id may stand. */
const PATHS: readonly (readonly string[])[] = [
  ['userId'],
  ['traits', 'userId'],
  ['traits', 'id'],
  ['context', 'traits', 'userId'],
  ['context', 'traits', 'id'],
  ['anonymousId'],
];

/**
 * What broken code sends in place of an id. Heap merges everyone who shares an identity into one profile, for ever.
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
 * The user's identity in Heap: the first usable id of the event, as trimmed text. An id that is too long for Heap is not
 * passed over: another one would split the user's history.
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
