import type { HeapCall } from '../heap/api.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import type { IdentitySettings } from './identity.ts';
import type { Mapped, Reception } from './mapped.ts';
import type { Tools } from './tools.ts';

/** The settings that the mapping of a group depends on. */
export type GroupSettings = IdentitySettings & Pick<Settings, 'accountIdProperty' | 'isWebDeviceMode'>;

const NOTHING: Filtered = { kind: 'filtered', reason: 'no_traits' };

/**
 * Maps a group call to the properties of an account, and to a user property that says which account the user belongs to, if
 * `accountIdProperty` names one. The traits of a group are in `traits` alone: those in `context.traits` are the user's.
 *
 * @param event without the field that the app id was read from
 * @see https://developers.heap.io/reference/add-account-properties
 */
export function mapGroup(
  event: RudderStackEvent,
  appId: string,
  settings: GroupSettings,
  { arrivedAtMs }: Reception,
  tools: Tools,
): Mapped | Filtered | Rejected {
  const { firstId, flatten, readTimestamp } = tools;
  const account = firstId(event, [['groupId']], settings.placeholderIds);
  if (account === undefined) return { kind: 'rejected', reason: 'missing_group', detail: 'groupId is required' };
  if (account.kind === 'rejected') return account;
  const traits = flatten(event.traits);
  if (traits.kind === 'rejected') return traits;

  const user = settings.accountIdProperty === '' ? NOTHING : readUser(event, settings, tools);
  if (user.kind === 'rejected') return user;

  const timestamp = readTimestamp(event, arrivedAtMs);
  const calls: HeapCall[] = [];
  if (traits.characters > 0) {
    const payload = { account_id: account.identity, properties: traits.properties };
    calls.push({ kind: 'add_account_properties', appId, payload, timestamp });
  }
  if (user.kind === 'identity') {
    const payload = { identity: user.identity, properties: { [settings.accountIdProperty]: account.identity } };
    calls.push({ kind: 'add_user_properties', appId, payload, timestamp });
  }
  const [call, ...also] = calls;
  if (call === undefined) return user.kind === 'filtered' ? user : NOTHING;
  const characters = traits.characters + 2 * account.identity.length + (timestamp?.length ?? 0);
  return { kind: 'mapped', call, also: also.length > 0 ? also : undefined, cuts: traits.cuts, characters };
}

/** In web device mode an anonymous user is one of Heap's own, whom an `anonymousId` does not name. */
function readUser(
  event: RudderStackEvent,
  settings: GroupSettings,
  { readIdentity, isCopyOfBrowser }: Tools,
): ReturnType<Tools['readIdentity']> {
  const isOfBrowser = settings.isWebDeviceMode && isCopyOfBrowser(event);
  return readIdentity(event, isOfBrowser ? { ...settings, anonymousEvents: 'drop' } : settings);
}
