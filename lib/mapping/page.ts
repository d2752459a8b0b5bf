import type { Filtered, Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Mapped, Reception } from './mapped.ts';
import type { Tools } from './tools.ts';
import type { TrackSettings } from './track.ts';

/**
 * Maps a page or screen call to a custom event. Its name is that of Segment's Heap destination, so that reports of those who come
 * from there go on. The call's name becomes its property `name`. It takes the place of a property
 * with that name, which is counted if it differs.
 *
 * @param event without the field that the app id was read from
 * @see https://github.com/segmentio/action-destinations/tree/main/packages/destination-actions/src/destinations/heap
 */
export function mapPage(
  event: RudderStackEvent,
  type: 'page' | 'screen',
  appId: string,
  settings: TrackSettings,
  { asItCame, arrivedAtMs }: Reception,
  { mapTrack, withCuts }: Tools,
): Mapped | Filtered | Rejected {
  const { name, properties } = event;
  const hasName = typeof name === 'number' || (typeof name === 'string' && name.trim() !== '');
  const given = typeof properties === 'object' ? { ...properties } : {};
  const isReplaced = hasName && 'name' in given && given.name !== name;
  const mapped = mapTrack(
    {
      ...event,
      event: type === 'page' ? 'Page viewed' : 'Screen viewed',
      properties: hasName ? { ...given, name } : given,
    },
    appId,
    settings,
    // The idempotency key has to differ from that of a track event with the same messageId, name and properties.
    { asItCame: { ...asItCame, event: { [type]: asItCame.name } }, arrivedAtMs },
  );
  if (mapped.kind !== 'mapped' || !isReplaced) return mapped;
  return { ...mapped, cuts: withCuts(mapped.cuts, 'namesCollided', 1) };
}
