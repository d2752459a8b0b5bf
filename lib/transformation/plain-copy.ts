import { types } from 'node:util';
import type { RejectReason } from '../outcome.ts';
import { OUTPUT_LIMITS } from './limits.ts';

/** How much may still be copied. */
export interface CopyRoom {
  values: number;
  characters: number;
}

/** The value cannot be written as JSON, or is too much of it. The message is a clause about the value. */
export class NotPlainError extends Error {
  override readonly name = 'NotPlainError';
  readonly reason: RejectReason;
  constructor(reason: RejectReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Returns the room for what a transformation returns for one event. */
export function roomForOutputs(): CopyRoom {
  return { values: OUTPUT_LIMITS.values, characters: OUTPUT_LIMITS.characters };
}

/**
 * Copies a value as if it were written as JSON and read again: what has no place in JSON is left out, `toJSON` is called, and the
 * copy shares nothing with the value. What a getter, a proxy or a later change of the value does, it does not reach the copy. Unlike
 * JSON, it takes a BigInt: as its digits, like every integer that a double cannot hold.
 *
 * @param room what is left of it; it is reduced
 * @returns undefined for a value that JSON leaves out
 * @throws NotPlainError if the value is nested too deeply, holds itself, or is larger than the room; and what the value's own code
 *   throws
 */
export function plainCopy(value: unknown, room: CopyRoom, depth = 0, key = ''): unknown {
  room.values -= 1;
  if (room.values < 0) throw new NotPlainError('too_large', `more than ${OUTPUT_LIMITS.values} values`);
  if (depth > OUTPUT_LIMITS.depth) {
    const words = `more than ${OUTPUT_LIMITS.depth} levels of objects, or an object that holds itself`;
    throw new NotPlainError('too_deep', words);
  }
  switch (typeof value) {
    case 'string':
      return takeText(value, room);
    case 'number':
      // JSON has no minus zero.
      return Number.isFinite(value) ? value + 0 : null;
    case 'boolean':
      return value;
    case 'bigint':
      return takeText(String(value), room);
    case 'object':
      return value === null ? null : copyObject(value, room, depth, key);
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined;
  }
}

function copyObject(value: object, room: CopyRoom, depth: number, key: string): unknown {
  // As JSON it is a list of all its bytes, which would be built first.
  if (ArrayBuffer.isView(value)) throw new NotPlainError('transformation_failed', 'binary data');
  if (value instanceof Promise) {
    // A rejection that nobody handles would end the process.
    value.catch(() => undefined);
    // As JSON it is an empty object: what it was to bring would be missing, and nobody would notice.
    throw new NotPlainError('transformation_failed', 'a promise in it, and nothing waits for it');
  }
  if (types.isBoxedPrimitive(value)) return plainCopy(value.valueOf(), room, depth, key);
  if (!('toJSON' in value) || typeof value.toJSON !== 'function') return copyMembers(value, room, depth);
  const written: unknown = value.toJSON(key);
  // As in JSON.stringify, `toJSON` of what it gives is not called.
  return typeof written === 'object' && written !== null
    ? copyMembers(written, room, depth)
    : plainCopy(written, room, depth, key);
}

function copyMembers(value: object, room: CopyRoom, depth: number): unknown {
  if (Array.isArray(value)) return copyList(value, room, depth);
  const members: Readonly<Record<string, unknown>> = Object(value);
  const copy: Record<string, unknown> = {};
  // Object.entries takes more than twice as long.
  for (const name of Object.keys(members)) {
    const copied = plainCopy(members[name], room, depth + 1, name);
    if (copied === undefined) continue;
    takeText(name, room);
    // Otherwise it would become the copy's prototype.
    if (name === '__proto__') Object.defineProperty(copy, name, { value: copied, enumerable: true });
    else copy[name] = copied;
  }
  return copy;
}

function copyList(values: readonly unknown[], room: CopyRoom, depth: number): unknown[] {
  const list: unknown[] = [];
  for (let index = 0; index < values.length; index += 1) {
    list.push(plainCopy(values[index], room, depth + 1, String(index)) ?? null);
  }
  return list;
}

function takeText(text: string, room: CopyRoom): string {
  room.characters -= text.length;
  if (room.characters < 0) throw new NotPlainError('too_large', `more than ${OUTPUT_LIMITS.characters} characters`);
  return text;
}
