import type { Filtered, Rejected, RejectReason } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { describeThrown } from './failure.ts';
import { OUTPUT_LIMITS } from './limits.ts';
import { readMetadata } from './metadata.ts';
import { NotPlainError, plainCopy, roomForOutputs } from './plain-copy.ts';
import type { JsonTools, TransformEvent } from './transform-event.ts';

/** What a transformation makes of an event. */
export type Transformed =
  | {
      readonly kind: 'transformed';
      /** At least one. They share nothing with what the transformation has returned. */
      readonly events: readonly RudderStackEvent[];
      /** Whether it returned a list. */
      readonly isList: boolean;
    }
  | Filtered
  | Rejected;

const DROPPED: Filtered = { kind: 'filtered', reason: 'dropped_by_transformation' };

/**
 * Runs a transformation on one event. What it returns is treated like anything from outside: it is copied, within limits. Never
 * throws.
 *
 * @param event the transformation may change it
 * @returns filtered if it returns nothing or an empty list; rejected if it throws, or returns what is no event
 * @see https://www.rudderstack.com/docs/transformations/create/
 */
export function runTransformation(
  transformEvent: TransformEvent,
  event: RudderStackEvent,
  { valueAt, isObject }: JsonTools,
): Transformed {
  try {
    const metadata = readMetadata(event, valueAt);
    return readReturned(
      transformEvent(event, () => ({ ...metadata })),
      isObject,
    );
  } catch (error) {
    return failed(describeThrown(error));
  }
}

function readReturned(returned: unknown, isObject: JsonTools['isObject']): Transformed {
  if (returned === null || returned === undefined) return DROPPED;
  const isList = Array.isArray(returned);
  const given: readonly unknown[] = isList ? returned : [returned];
  if (given.length === 0) return DROPPED;
  if (given.length > OUTPUT_LIMITS.events) {
    return failed(`it returned ${given.length} events, and may return ${OUTPUT_LIMITS.events} at most`, 'too_large');
  }
  const room = roomForOutputs();
  const events: RudderStackEvent[] = [];
  for (const [index, one] of given.entries()) {
    const what = isList ? `element ${index + 1} of the list that it returned` : 'what it returned';
    if (isObject(one) && typeof one['then'] === 'function') {
      // A rejection that nobody handles would end the process. In a list, usually all are promises.
      for (const each of given) if (each instanceof Promise) each.catch(() => undefined);
      return failed(`${what} is a promise: transformEvent has to be a plain function, without async and await`);
    }
    if (!isObject(one)) return failed(`${what} is ${nameOf(one)}, and has to be an event`);
    try {
      const copy = plainCopy(one, room);
      if (!isObject(copy)) return failed(`${what} is written as ${nameOf(copy)}, and has to be an event`);
      events.push(copy);
    } catch (error) {
      if (error instanceof NotPlainError) return failed(`${what} has ${error.message}`, error.reason);
      throw error;
    }
  }
  return { kind: 'transformed', events, isList };
}

function failed(detail: string, reason: RejectReason = 'transformation_failed'): Rejected {
  return { kind: 'rejected', reason, detail };
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return value === undefined ? 'nothing' : `a ${typeof value}`;
}
