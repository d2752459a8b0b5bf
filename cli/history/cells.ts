import { parseJsonToPassOn } from '../../lib/exact-json.ts';
import { isArray, isObject } from '../../lib/json.ts';
import { isDeeperThan } from '../../lib/json-text.ts';
import type { CellTypes } from './read-options.ts';

/** A number as JSON writes it. `007` and `+49` are no numbers but codes. */
const NUMBER_CELL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** So many digits a number holds in any case. */
const EXACT_DIGITS = 15;
/** JSON in a cell may be nested, within reason. */
const MOST_NESTING = 200;

/**
 * Returns the value of a cell. RudderStack writes lists and JSON columns as JSON texts, which are parsed. Another text stays,
 * unless types are to be inferred; an id stays in any case.
 *
 * @param name of the field, without what it is in
 */
export function valueOfCell(cell: unknown, types: CellTypes, name = ''): unknown {
  if (typeof cell !== 'string') return cell;
  if (/^(?:user|anonymous)?_?id$/i.test(name)) return cell;
  const parsed = jsonInText(cell);
  if (parsed !== undefined) return parsed;
  return types === 'infer' ? inferred(cell) : cell;
}

/** Returns the object or list that is written in a text; undefined if there is none. */
export function jsonInText(text: string): unknown {
  if (!/^\s*[[{]/.test(text) || isDeeperThan(text, MOST_NESTING)) return undefined;
  try {
    const value = parseJsonToPassOn(text);
    return isObject(value) || isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the number or boolean that a cell is, else its text. A number that would change stays text. */
function inferred(cell: string): string | number | boolean {
  if (/^(?:true|false)$/i.test(cell)) return cell.toLowerCase() === 'true';
  if (!NUMBER_CELL.test(cell)) return cell;
  const number = Number(cell);
  if (String(number) === cell) return number;
  const digits = cell.replace(/[eE].*/, '').replaceAll(/[-.]/g, '');
  const isExact = /[.eE]/.test(cell) && Number.isFinite(number) && digits.length <= EXACT_DIGITS;
  return isExact ? number : cell;
}

/**
 * Returns the texts of a list of ids, in the forms that warehouses write: a list, JSON, Postgres’s `{a,b}`, ClickHouse’s
 * `['a','b']` (Python's as well), or ids with commas between them.
 */
export function idsOfCell(cell: unknown): readonly string[] {
  const value = typeof cell === 'string' ? (jsonInText(cell) ?? cell) : cell;
  if (isArray(value)) return value.map(String);
  if (typeof value !== 'string') return [];
  const inner = /^\s*[[{](?<inner>.*)[\]}]\s*$/s.exec(value)?.groups?.['inner'] ?? value;
  return inner
    .split(',')
    .map((id) => id.trim().replace(/^(?<quote>['"])(?<id>.*)\k<quote>$/s, '$<id>'))
    .filter((id) => id !== '');
}
