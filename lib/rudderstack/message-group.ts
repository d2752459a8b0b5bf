import { hash } from 'node:crypto';
import { keptDigits } from '../exact-json.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from './event.ts';
import { ANONYMOUS_USER, KNOWN_USER, usableId } from './user-ids.ts';

/**
 * The message group of an event on a FIFO queue: all events of one person in Heap are in one group, wherever they come from, so
 * that they keep their order. An event of nobody has the group of its `messageId`. A group has at most 128 characters, so it is a hash.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagegroupid-property.html
 */
export function messageGroupOf(event: RudderStackEvent): string {
  for (const path of [...KNOWN_USER, ...ANONYMOUS_USER]) {
    const id = usableId(read(event, path), NONE);
    if (id !== undefined) return hash('md5', id, 'hex');
  }
  return hash('md5', `nobody ${String(read(event, ['messageId']))}`, 'hex');
}

const NONE: ReadonlySet<string> = new Set();

/** In an event that is passed on, a number with many digits is an object. */
function read(event: RudderStackEvent, path: readonly string[]): unknown {
  const value = valueAt(event, path);
  return keptDigits(value) ?? value;
}
