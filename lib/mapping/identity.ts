import { LIMITS } from '../heap/api.ts';
import { filtered, rejected, type Filtered, type Rejected } from '../outcome.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import { ANONYMOUS_USER, KNOWN_USER, usableId, type Paths } from '../rudderstack/user-ids.ts';

/** The settings that decide whom a call is about. */
export type IdentitySettings = Pick<Settings, 'placeholderIds' | 'anonymousEvents'>;

interface Identity {
  readonly kind: 'identity';
  readonly identity: string;
  /** It is not an identity, but the id that Heap's SDK has given to somebody who is not known yet. */
  readonly isHeapUserId?: boolean;
}

/**
 * Returns the user's identity in Heap: the first id of the event that belongs to one person. If it is too long for Heap, the
 * event is rejected. Using the next id instead would split the user's history.
 *
 * @param heapUserId the id of Heap's SDK that takes the place of an `anonymousId`, for calls that can have one
 * @returns filtered if the event has no other id than an `anonymousId`, and the owner does not want such events
 */
export function readIdentity(
  event: RudderStackEvent,
  { placeholderIds, anonymousEvents }: IdentitySettings,
  heapUserId?: string,
): Identity | Filtered | Rejected {
  const known = firstId(event, KNOWN_USER, placeholderIds);
  if (known !== undefined) return known;
  if (heapUserId !== undefined) return { kind: 'identity', identity: heapUserId, isHeapUserId: true };
  const anonymous = firstId(event, ANONYMOUS_USER, placeholderIds);
  if (anonymous === undefined) return rejected('missing_identity', 'userId is required');
  return anonymousEvents === 'drop' ? filtered('anonymous') : anonymous;
}

/** Returns the first id that belongs to somebody, or a rejection if it is too long. */
export function firstId(
  event: RudderStackEvent,
  paths: Paths,
  placeholders: ReadonlySet<string>,
): Identity | Rejected | undefined {
  for (const path of paths) {
    const identity = usableId(valueAt(event, path), placeholders);
    if (identity === undefined) continue;
    if (identity.length > LIMITS.identityCharacters) {
      const detail = `${path.join('.')} has ${identity.length} characters, Heap takes ${LIMITS.identityCharacters} at most`;
      return rejected('identity_too_long', detail);
    }
    return { kind: 'identity', identity };
  }
  return undefined;
}
