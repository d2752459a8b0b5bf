import { isArray } from '../../json.ts';
import { isDeeperThan } from '../../json-text.ts';
import { MOST_NESTING } from './read-events.ts';
import { placeOf, readElement, rejectElement, type Element, type Part } from './element.ts';

/** About how many characters a payload has at most: Lambda's limit for an asynchronous invocation. */
const PAYLOAD_CHARACTERS = 1024 * 1024;

/**
 * Reads the elements of what RudderStack's AWS Lambda destination sends: one event, or an array of events.
 *
 * Lambda has parsed the payload, so the text of an element is written anew.
 *
 * @throws RangeError if an element is nested so deeply that it cannot be written, which only occurs in attacks
 */
export function* readPayload(payload: unknown): Generator<Element> {
  if (!isArray(payload)) {
    yield read(payload, undefined, PAYLOAD_CHARACTERS);
    return;
  }
  for (const [index, element] of payload.entries()) yield read(element, index, PAYLOAD_CHARACTERS / payload.length);
}

function read(value: unknown, index: number | undefined, characters: number): Element {
  const text = JSON.stringify(value ?? null);
  const part: Part = { index, text: () => text, characters };
  if (isDeeperThan(text, MOST_NESTING)) {
    return rejectElement(part, 'too_deep', `${placeOf(part)} is nested more than ${MOST_NESTING} levels deep`);
  }
  // As from the webhook, an event of nobody becomes a dead letter of the forwarder.
  return readElement(value, false, part);
}
