import type { Settings } from './settings.ts';
import type { FilterReason } from '../outcome.ts';

/**
 * Applies the owner's allow list or deny list of track event names. Names are compared with case and without surrounding
 * spaces. A deny list does not exclude an event without a name, which is rejected later. An allow list does; an empty one
 * excludes every track event.
 *
 * @param eventName the track event's `event`, unchecked
 * @returns why the event is filtered, or undefined if it is not
 * @see https://www.rudderstack.com/docs/sources/event-streams/sdks/event-filtering/
 */
export function eventFilteringReason(
  eventName: unknown,
  settings: Settings['eventFiltering'],
): FilterReason | undefined {
  if (settings.option === 'disable') return undefined;
  const name = typeof eventName === 'string' ? eventName.trim() : '';
  const isListed = name !== '' && settings.eventNames.has(name);
  switch (settings.option) {
    case 'blacklistedEvents':
      return isListed ? 'event_blacklisted' : undefined;
    case 'whitelistedEvents':
      return isListed ? undefined : 'event_not_whitelisted';
  }
}
