import { hash } from 'node:crypto';
import { keptDigits } from '../../exact-json.ts';
import { canBeTrue, formatInstant, parseInstant, type Instant } from '../../instant.ts';
import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { idText } from './id-text.ts';

/** What is known about the request that contained an event. */
export interface Reception {
  /** When the request was received, in ms since 1970. */
  readonly receivedAtMs: number;
  /** The batch's own `sentAt`, unchecked. */
  readonly sentAt: unknown;
  /** Undefined where no client is known. */
  readonly requestIp: string | undefined;
  /** Makes an id for an event without one. It is called for these events in their order. */
  readonly newMessageId: (event: RudderStackEvent) => string;
}

/** An event with the fields that RudderStack's servers add before it reaches a destination. */
export interface StampedEvent extends RudderStackEvent {
  readonly messageId: string;
  readonly rudderId: string;
  readonly receivedAt: string;
  readonly timestamp: string;
}

/**
 * Adds the fields that RudderStack's gateway adds to each event (`messageId`, `rudderId`, `receivedAt`, `request_ip`), and
 * corrects its times as RudderStack's processor does. The clock of a device may be wrong by years, but the difference
 * between two of its times is right. So an event without a `timestamp` gets `receivedAt − (sentAt − originalTimestamp)`.
 *
 * There are three intended differences: `sentAt` may be a field of the batch, as mobile SDKs send it; a time may have any
 * format that `parseInstant` reads; and a `timestamp` or `receivedAt` that cannot be true counts as absent.
 *
 * @see https://github.com/rudderlabs/rudder-server/blob/master/gateway/handle.go
 * @see https://github.com/rudderlabs/rudder-server/blob/master/processor/processor.go
 */
export function stampEvent(given: RudderStackEvent, reception: Reception): StampedEvent {
  const event = withoutWriteKey(given);
  const { receivedAt, sentAt, originalTimestamp, timestamp } = timesOf(event, reception);
  const received = formatInstant(receivedAt);
  // An event without times of its own has this one four times, and formatting takes time.
  const format = (instant: Instant = receivedAt): string =>
    instant === receivedAt ? received : formatInstant(instant);
  return {
    ...event,
    messageId: messageIdOf(event.messageId) ?? reception.newMessageId(event),
    rudderId: rudderIdOf(event),
    request_ip: event['request_ip'] ?? reception.requestIp,
    receivedAt: received,
    originalTimestamp: format(originalTimestamp),
    sentAt: format(sentAt),
    timestamp: format(timestamp),
  };
}

/** Segment's client for browsers adds its write key to each event, and a key must not get into the queue. */
function withoutWriteKey(event: RudderStackEvent): RudderStackEvent {
  if (!Object.hasOwn(event, 'writeKey')) return event;
  return Object.fromEntries(Object.entries(event).filter(([name]) => name !== 'writeKey'));
}

/**
 * Whether an event says when it happened, but in no way that can be read and can be true. It then gets the time of its arrival.
 * An event that says nothing is of now.
 */
export function hasUnreadableTime(event: RudderStackEvent, reception: Reception): boolean {
  const isGiven = [event.timestamp, event.originalTimestamp].some(
    (time) => time !== undefined && time !== null && time !== '',
  );
  if (!isGiven) return false;
  const { originalTimestamp, timestamp } = timesOf(event, reception);
  const isOwn = ifTrue(parseInstant(event.timestamp), reception) !== undefined || originalTimestamp !== undefined;
  return timestamp === undefined || !isOwn;
}

interface Times {
  readonly receivedAt: Instant;
  readonly sentAt: Instant;
  /** The device's own time. Its clock may be wrong by any length. */
  readonly originalTimestamp: Instant | undefined;
  /** The event's time, which can be true. */
  readonly timestamp: Instant | undefined;
}

function timesOf(event: RudderStackEvent, reception: Reception): Times {
  const now: Instant = { epochMs: reception.receivedAtMs, offsetMinutes: 0 };
  const receivedAt = ifTrue(parseInstant(event['receivedAt']), reception) ?? now;
  const sentAt = parseInstant(event['sentAt']) ?? parseInstant(reception.sentAt) ?? receivedAt;
  const originalTimestamp = parseInstant(event.originalTimestamp);
  const corrected: Instant = {
    epochMs: receivedAt.epochMs - (sentAt.epochMs - (originalTimestamp ?? receivedAt).epochMs),
    offsetMinutes: receivedAt.offsetMinutes,
  };
  const timestamp =
    ifTrue(parseInstant(event.timestamp), reception) ??
    ifTrue(corrected, reception) ??
    ifTrue(originalTimestamp, reception);
  return { receivedAt, sentAt, originalTimestamp, timestamp };
}

function ifTrue(instant: Instant | undefined, { receivedAtMs }: Reception): Instant | undefined {
  return instant !== undefined && canBeTrue(instant.epochMs, receivedAtMs) ? instant : undefined;
}

function messageIdOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : (keptDigits(value) ?? value);
  const id = typeof text === 'string' ? idText(text) : '';
  return id === '' ? undefined : id;
}

/** The same for all events of a user: the MD5 hash of `userId:anonymousId`, formatted as a UUID. */
function rudderIdOf({ userId, anonymousId }: RudderStackEvent): string {
  const digest = hash('md5', `${idText(userId)}:${idText(anonymousId)}`, 'hex');
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
