import { createRandom } from '../../local/virtual/random.ts';
import type { SimulatedEvent } from '../model/event.ts';

/** Which events are sent, and when. */
export interface TrafficPlan {
  /** The hour of the day at which the run starts. */
  readonly startsAtHour: number;
  readonly hours: number;
  /** The share of events that Heap refuses; 0.2 % if left out. */
  readonly badShare?: number;
  readonly extra?: ExtraTraffic;
}

/** Events beside those of a usual day. */
export type ExtraTraffic =
  /** One user sends at a steady rate. */
  | { readonly kind: 'one_user'; readonly fromMinute: number; readonly minutes: number; readonly perSecond: number }
  /** Old events of many users are loaded at a steady rate. */
  | { readonly kind: 'backfill'; readonly fromMinute: number; readonly events: number; readonly perSecond: number };

const BAD_SHARE = 0.002;
const USER_PROPERTIES_SHARE = 0.1;
const USERS = 20_000;
/** The user of `one_user`. Nobody else has this number. */
export const BUSY_USER = 99_999;
const BACKFILL_USERS = 200_000;

const PEAK_HOURS = [10, 20];
const PEAK_MINUTES = 5;
const PEAK_PER_SECOND = 50;

/** Events a second at an hour of the day: a curve from 1.3 at night to 8.1 in the afternoon, and two short peaks. */
export function ratePerSecond(hourOfDay: number): number {
  const isPeak = PEAK_HOURS.some((hour) => hourOfDay >= hour && hourOfDay < hour + PEAK_MINUTES / 60);
  return isPeak ? PEAK_PER_SECOND : 4.7 - 3.4 * Math.cos(((hourOfDay - 3) / 24) * 2 * Math.PI);
}

/**
 * Makes the events of a plan, in the order in which they are sent: an event's id is its place. A few users send most of the events.
 *
 * @param scale the part of the traffic that is simulated, in (0, 1]
 */
export function createTraffic(plan: TrafficPlan, seed: number, scale = 1): readonly SimulatedEvent[] {
  const random = createRandom(seed * 7919);
  const { startsAtHour, hours, badShare = BAD_SHARE, extra } = plan;
  const events: Omit<SimulatedEvent, 'id'>[] = [];

  function add(sentAt: number, user: number, isExtra: boolean): void {
    const call = random() < USER_PROPERTIES_SHARE ? 'add_user_properties' : 'track';
    const isBad = random() < badShare;
    const state = { timesStored: 0, storedAt: -1, isGivenUp: false };
    events.push({ sentAt, user, call, isBad, isExtra, ...state });
  }

  for (let second = 0; second < hours * 3600; second += 1) {
    const rate = ratePerSecond((startsAtHour + second / 3600) % 24) * scale;
    const count = Math.floor(rate) + (random() < rate % 1 ? 1 : 0);
    for (let index = 0; index < count; index += 1) {
      add((second + random()) * 1000, Math.floor(random() ** 2 * USERS), false);
    }
  }
  for (const { sentAt, user } of extraEvents(extra, random, scale)) add(sentAt, user, true);
  return events.toSorted((a, b) => a.sentAt - b.sentAt).map((event, id) => ({ id, ...event }));
}

function* extraEvents(
  extra: ExtraTraffic | undefined,
  random: () => number,
  scale: number,
): Generator<Pick<SimulatedEvent, 'sentAt' | 'user'>> {
  if (extra === undefined) return;
  const startsAt = extra.fromMinute * 60_000;
  // The user is one, so a rate that is scaled would not be busy any more.
  const count = extra.kind === 'backfill' ? extra.events * scale : extra.minutes * 60 * extra.perSecond;
  for (let index = 0; index < count; index += 1) {
    const user = extra.kind === 'backfill' ? 100_000 + Math.floor(random() * BACKFILL_USERS) : BUSY_USER;
    yield { sentAt: startsAt + ((index + random()) / extra.perSecond) * 1000, user };
  }
}
