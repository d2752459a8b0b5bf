import { createHash } from 'node:crypto';
import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { formatInstant, parseInstant, utc, type Instant } from './instant.ts';
import { idText } from './id-text.ts';

/** What is known of an event beside itself. */
export interface Reception {
  /** When the request came, in ms since 1970. */
  readonly receivedAtMs: number;
  /** What the batch around it says. */
  readonly sentAt: unknown;
  readonly requestIp: string;
  /** A new id, for an event that has none. */
  readonly newMessageId: () => string;
}

/** An event with what RudderStack's servers would have added by the time that it reaches a destination. */
export interface StampedEvent extends RudderStackEvent {
  readonly messageId: string;
  readonly rudderId: string;
  readonly receivedAt: string;
  readonly timestamp: string;
}

/**
 * Adds what RudderStack's gateway adds to each event (`messageId`, `rudderId`, `receivedAt`, `request_ip`), and mends its times as
 * the processor does: a device's clock may be wrong by years, but not by how much time lies between two of its own times. So
 * `timestamp`, where the event has none of its own, is `receivedAt − (sentAt − originalTimestamp)`.
 *
 * Two differences, on purpose: `sentAt` may stand at the batch, as mobile SDKs send it; and a number that is a time in milliseconds
 * counts as one.
 *
 * @see https://github.com/rudderlabs/rudder-server/blob/master/gateway/handle.go
 * @see https://github.com/rudderlabs/rudder-server/blob/master/processor/processor.go
 */
export function stampEvent(event: RudderStackEvent, reception: Reception): StampedEvent {
  const now: Instant = { epochMs: reception.receivedAtMs, offsetMinutes: 0 };
  const receivedAt = parseInstant(event['receivedAt']) ?? now;
  const sentAt = parseInstant(event['sentAt']) ?? parseInstant(reception.sentAt) ?? receivedAt;
  const originalTimestamp = parseInstant(event.originalTimestamp) ?? receivedAt;
  const timestamp = parseTime(event.timestamp) ?? {
    epochMs: receivedAt.epochMs - (sentAt.epochMs - originalTimestamp.epochMs),
    offsetMinutes: receivedAt.offsetMinutes,
  };
  return {
    ...event,
    messageId: messageIdOf(event.messageId) ?? reception.newMessageId(),
    rudderId: rudderIdOf(event),
    request_ip: event['request_ip'] ?? reception.requestIp,
    receivedAt: formatInstant(receivedAt),
    originalTimestamp: formatInstant(originalTimestamp),
    sentAt: formatInstant(sentAt),
    timestamp: formatInstant(inRange(timestamp) ? timestamp : receivedAt),
  };
}

function parseTime(value: unknown): Instant | undefined {
  return typeof value === 'number' && value >= 1e11 ? utc(Math.trunc(value)) : parseInstant(value);
}

/** The three times may lie so far apart that no year of four digits can hold their difference. */
function inRange({ epochMs }: Instant): boolean {
  return utc(epochMs) !== undefined;
}

function messageIdOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined;
}

/** One user's events have the same: MD5 of `userId:anonymousId`, written as a UUID. */
function rudderIdOf({ userId, anonymousId }: RudderStackEvent): string {
  const digest = createHash('md5')
    .update(`${idText(userId)}:${idText(anonymousId)}`)
    .digest('hex');
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
