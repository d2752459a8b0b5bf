import { isObject, type JsonObject } from '../../json.ts';
import type { RejectReason } from '../../outcome.ts';
import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { idText } from './id-text.ts';

/** Why an element of a request cannot be used. Each is also a reason of the forwarder. */
export type UnusableReason = Extract<
  RejectReason,
  'not_json' | 'no_event' | 'missing_identity' | 'too_deep' | 'forbidden_key' | 'too_large'
>;

/** What every element of a request has. */
export interface Part {
  /** Its index in the list; undefined if it is the whole body. */
  readonly index: number | undefined;
  /** Its original JSON, byte for byte. It is extracted only when it is needed. */
  readonly text: () => string;
  /** About how many characters its text has: requests are sent in parts of limited size. */
  readonly characters: number;
}

/** One element that can be used. */
export interface UsableElement extends Part {
  readonly kind: 'event';
  readonly event: RudderStackEvent;
}

/** One element that cannot be used. */
export interface RejectedElement extends Part {
  readonly kind: 'rejected';
  readonly reason: UnusableReason;
  /** An explanation for people, which says which element it is. It goes to the sender and to the dead letter, never into a log. */
  readonly detail: string;
  /** The `messageId` of the element, if it is a text. */
  readonly eventMessageId: string | undefined;
}

/** One element of a request: an event, or why it is none. */
export type Element = UsableElement | RejectedElement;

/** Makes a rejected element. */
export function rejectElement(
  { index, text, characters }: Part,
  reason: UnusableReason,
  detail: string,
  eventMessageId?: string,
): RejectedElement {
  return { kind: 'rejected', reason, detail, index, text, characters, eventMessageId };
}

/** Says which element it is, for people. */
export function placeOf({ index }: Pick<Part, 'index'>): string {
  return index === undefined ? 'the body' : `the event with index ${index}`;
}

/**
 * Says what a parsed element is.
 *
 * @param value not nested deeper than `MOST_NESTING`
 * @param needsIdentity whether an event of nobody is rejected here; the forwarder rejects it in any case
 */
export function readElement(value: unknown, needsIdentity: boolean, part: Part): Element {
  if (!isObject(value) || JSON.isRawJSON(value)) {
    return rejectElement(part, 'no_event', `${placeOf(part)} is not a JSON object`);
  }
  const eventMessageId = messageIdIn(value);
  // JSON.parse treats `__proto__` as an ordinary key, but a program that copies the event might not.
  if (Object.hasOwn(value, '__proto__')) {
    const detail = `${placeOf(part)} has a key named __proto__, which is never passed on`;
    return rejectElement(part, 'forbidden_key', detail, eventMessageId);
  }
  if (needsIdentity && !hasIdentity(value)) {
    return rejectElement(part, 'missing_identity', `${placeOf(part)} has no userId and no anonymousId`, eventMessageId);
  }
  return { kind: 'event', event: value, ...part };
}

/** Returns an element's own `messageId`, if it is a text. */
export function messageIdIn({ messageId }: JsonObject): string | undefined {
  return typeof messageId === 'string' && messageId !== '' ? messageId : undefined;
}

/** Events that represent rows of a warehouse need no user. */
function hasIdentity(event: JsonObject): boolean {
  if (event['type'] === 'extract' || event['type'] === 'record') return true;
  return idText(event['userId']) !== '' || idText(event['anonymousId']) !== '';
}
