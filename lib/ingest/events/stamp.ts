import { createHash } from 'node:crypto';
import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { formatInstant, parseInstant, utc, type Instant } from './instant.ts';
import { idText } from './id-text.ts';

/** What is known about the request that contained an event. */
export interface Reception {
  /** When the request was received, in ms since 1970. */
  readonly receivedAtMs: number;
  /** The batch's own `sentAt`, unchecked. */
  readonly sentAt: unknown;
  readonly requestIp: string;
  /** Creates an id for an event without one. */
  readonly newMessageId: () => string;
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
 * There are two intended differences: `sentAt` may be a field of the batch, as mobile SDKs send it, and a number of epoch
 * milliseconds is accepted as a timestamp.
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

/** The computed time may be outside the range of four-digit years if the three times are far apart. */
function inRange({ epochMs }: Instant): boolean {
  return utc(epochMs) !== undefined;
}

function messageIdOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined;
}

/** The same for all events of a user: the MD5 hash of `userId:anonymousId`, formatted as a UUID. */
function rudderIdOf({ userId, anonymousId }: RudderStackEvent): string {
  const digest = createHash('md5')
    .update(`${idText(userId)}:${idText(anonymousId)}`)
    .digest('hex');
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
