import { gzipSync } from 'node:zlib';

/** Bodies that are made to hurt their neighbours: much work, much memory, or many objects from few bytes. */
export const HOSTILE_SHAPES = [
  'long_key',
  'non_events',
  'event_among_non_events',
  'many_events',
  'one_user',
  'many_properties',
  'many_items',
  'long_text',
  'too_deep',
  'long_identity',
] as const;
export type HostileShape = (typeof HOSTILE_SHAPES)[number];

/** Small enough for thousands of schedules; or as large as an attacker would make it, which few schedules can afford. */
export type HostileSize = 1 | 2 | 3 | 'huge';

/** A hostile body, and what may become of it. */
export interface Hostile {
  readonly body: string;
  /** `rejected`: dead-lettered. `either`: delivered whole or dead-lettered whole. `mixed`: a part of it may be each. */
  readonly fate: 'rejected' | 'either' | 'mixed';
  /** How many events Heap holds when it is delivered whole. */
  readonly events: number;
}

/** How many events, elements, properties, levels or characters make a body hostile. */
const COUNTS: Readonly<Record<HostileShape, { readonly small: number; readonly huge: number }>> = {
  long_key: { small: 2500, huge: 67_500 },
  non_events: { small: 1500, huge: 2_000_000 },
  event_among_non_events: { small: 700, huge: 500_000 },
  many_events: { small: 400, huge: 130_000 },
  one_user: { small: 400, huge: 130_000 },
  many_properties: { small: 3500, huge: 80_000 },
  many_items: { small: 3500, huge: 150_000 },
  long_text: { small: 100_000, huge: 1_000_000 },
  too_deep: { small: 1500, huge: 150_000 },
  long_identity: { small: 1000, huge: 1_000_000 },
};

function countOf(shape: HostileShape, size: HostileSize): number {
  const { small, huge } = COUNTS[shape];
  return size === 'huge' ? huge : small * size;
}

/** How many track events a hostile body holds. */
export function eventsOf(shape: HostileShape, size: HostileSize): number {
  switch (shape) {
    case 'many_events':
      return countOf(shape, size);
    case 'event_among_non_events':
    case 'many_properties':
    case 'many_items':
    case 'long_text':
      return 1;
    case 'long_key':
    case 'non_events':
    case 'one_user':
    case 'too_deep':
    case 'long_identity':
      return 0;
  }
}

/**
 * Writes a hostile body.
 *
 * @param marker stands in each of its events, and in the body
 */
export function writeHostile(shape: HostileShape, size: HostileSize, marker: string, identity: string): Hostile {
  const count = countOf(shape, size);
  const track = (index: number, more: object = {}): object => ({
    type: 'track',
    event: 'H',
    userId: identity,
    messageId: `${marker}${index}`,
    properties: { marker, index, ...more },
  });
  const identify = (traits: object): object => ({ type: 'identify', userId: identity, traits });
  const zip = (elements: unknown[]): string => gzipSync(JSON.stringify(elements)).toString('base64');
  const json = JSON.stringify;
  const events = eventsOf(shape, size);
  const either = (body: string): Hostile => ({ body, fate: 'either', events });
  switch (shape) {
    case 'long_key':
      return either(json(identify({ [`m${marker}`]: 1, ['k'.repeat(2 * count)]: Array(count).fill(1) })));
    case 'non_events':
      return { body: zip([marker].concat(Array(count).fill(0))), fate: 'rejected', events };
    case 'event_among_non_events':
      return { body: zip([track(0), ...Array(count).fill(0)]), fate: 'mixed', events };
    case 'many_events':
      return either(zip(Array.from({ length: count }, (_, index) => track(index))));
    case 'one_user':
      return either(zip(Array.from({ length: count }, (_, index) => identify({ [`m${marker}`]: index }))));
    case 'many_properties':
      return either(json(track(0, Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, 1])))));
    case 'many_items':
      return either(json(track(0, { list: Array(count).fill(1) })));
    case 'long_text':
      return either(json(track(0, { text: 'x'.repeat(count) })));
    case 'too_deep':
      return { body: deepTrack(json(track(0)), count), fate: 'rejected', events };
    case 'long_identity':
      return { body: json({ ...track(0), userId: 'u'.repeat(count) }), fate: 'rejected', events };
  }
}

function deepTrack(event: string, levels: number): string {
  return event.replace('"index":0', `"deep":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
}
