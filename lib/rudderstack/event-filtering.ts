import type { Settings } from './settings.ts';
import type { FilterReason } from '../outcome.ts';

/**
 * Applies the owner's list of track event names, blanks at both ends left aside and with case. A deny list lets an event
 * without a name through (it is judged later), an allow list does not: an empty allow list stops every track event.
 *
 * @param eventName the track event's `event`, unchecked
 * @returns why the event is left out, or undefined when it may go on
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
