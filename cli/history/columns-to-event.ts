import type { JsonObject } from '../../lib/json.ts';
import { isObject } from '../../lib/json.ts';
import { idsOfCell, jsonInText, valueOfCell } from './cells.ts';
import { bareName } from './classify.ts';
import { isAbsent } from './columns.ts';
import type { CellTypes } from './read-options.ts';
import type { RowOptions } from './row-to-event.ts';
import { firstTime } from './times.ts';

/** The fields of an event, by their names without case and underscores. */
const FIELDS: ReadonlyMap<string, string> = new Map(
  [
    'type',
    'event',
    'messageId',
    'userId',
    'anonymousId',
    'channel',
    'timestamp',
    'originalTimestamp',
    'sentAt',
    'receivedAt',
    'properties',
    'traits',
    'context',
    'integrations',
    'groupId',
    'previousId',
    'rudderId',
  ].map((name) => [bareName(name), name]),
);
/** Fields that hold objects. */
export const OBJECTS = ['properties', 'traits', 'context', 'integrations'] as const;

/** Fields that RudderStack, Segment and databases add to events, and that Heap does not get. */
const OTHER_FIELDS: ReadonlySet<string> = new Set(
  ['', 'id', 'name', 'category', 'version', 'writeKey', 'projectId', 'sourceId', 'requestIp', 'loadedAt'].map(bareName),
);

/**
 * Returns the columns that are fields of no event, if there is none for properties or traits: people who write their own files
 * mean them so.
 */
export function columnsWithoutField(columns: readonly string[]): readonly string[] {
  const roots = columns.map((name) => bareName(name.split('.')[0] ?? ''));
  if (roots.includes('properties') || roots.includes('traits')) return [];
  return columns.filter((name, at) => {
    const root = roots[at] ?? '';
    return !FIELDS.has(root) && !OTHER_FIELDS.has(root) && !root.startsWith('context') && !name.startsWith('_');
  });
}

/**
 * Restores an event whose fields are columns: `properties`, `traits`, `context` and `integrations` as JSON texts, or as columns
 * with dots in their names (`properties.price`).
 *
 * @param nulls further texts for absent values
 */
export function eventOfColumns(given: JsonObject, nulls: readonly string[], options: RowOptions): JsonObject {
  const event: Record<string, unknown> = {};
  for (const [column, cell] of Object.entries(given)) {
    if (isAbsent(cell, nulls)) continue;
    const [root = '', ...path] = column.split('.');
    const name = FIELDS.get(bareName(root)) ?? root;
    if (path.length > 0 && isObjectField(name)) setAt(event, [name, ...path], valueAtPath(path, cell, options.types));
    else if (isObjectField(name) && typeof cell === 'string') event[name] = jsonInText(cell) ?? cell;
    else event[name] = cell;
  }
  const times = [event['timestamp'], event['originalTimestamp'], event['receivedAt'], event['sentAt']];
  return { ...event, timestamp: firstTime(times, options.dateFormat, options.nowMs) };
}

/** What the user has denied is a list also in the forms that are no JSON, such as Python's: else the event would be sent. */
function valueAtPath(path: readonly string[], cell: unknown, types: CellTypes): unknown {
  const name = path.at(-1);
  return name === 'deniedConsentIds' ? idsOfCell(cell) : valueOfCell(cell, types, name);
}

/**
 * Parses `properties`, `traits`, `context` and `integrations` of an event if they are texts with JSON.
 *
 * @returns undefined if none of them is
 */
export function withParsedTexts(event: JsonObject): JsonObject | undefined {
  const parsed = OBJECTS.flatMap((name): [string, unknown][] => {
    const value = event[name];
    const object = typeof value === 'string' ? jsonInText(value) : undefined;
    return object === undefined ? [] : [[name, object]];
  });
  return parsed.length === 0 ? undefined : { ...event, ...Object.fromEntries(parsed) };
}

function isObjectField(name: string): boolean {
  return OBJECTS.some((known) => known === name);
}

function setAt(target: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (key === '__proto__') return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const known = target[key];
  const next: Record<string, unknown> = isObject(known) ? { ...known } : {};
  target[key] = next;
  setAt(next, rest, value);
}
