import { scanJson, TOKEN } from './json-scanner.ts';

/**
 * Extracts values from JSON text exactly as they were written. A dead letter must hold the original event. Parsing and
 * stringifying would change numbers, escapes and duplicate keys, and would fail on very deep nesting.
 */

/**
 * Returns the text of each element of an array, in order.
 *
 * @param json an array, already known to be valid JSON
 */
export function elementTexts(json: string): string[] {
  const texts: string[] = [];
  let from = 0;
  scanJson(json, (code, at, depth) => {
    const isEnd = depth === 0 && code === TOKEN.closeArray;
    const isBetween = depth === 1 && code === TOKEN.comma;
    if (isEnd || isBetween) {
      const text = json.slice(from, at).trim();
      // The text is empty only in an empty array.
      if (text !== '') texts.push(text);
      from = at + 1;
    } else if (depth === 0) {
      from = at + 1;
    }
    return isEnd ? 'stop' : 'go_on';
  });
  return texts;
}

/**
 * Returns the text of the member `key` of an object. Of duplicate keys the last one counts, as in `JSON.parse`.
 *
 * @param json an object, already known to be valid JSON
 */
export function memberText(json: string, key: string): string | undefined {
  let found: string | undefined;
  let name = '';
  let from = 0;
  scanJson(json, (code, at, depth) => {
    const isEnd = depth === 0 && code === TOKEN.closeObject;
    if (depth === 1 && code === TOKEN.colon) {
      name = json.slice(from, at).trim();
    } else if (isEnd || (depth === 1 && code === TOKEN.comma)) {
      if (name !== '' && JSON.parse(name) === key) found = json.slice(from, at).trim();
      name = '';
    }
    if (depth === 0 || (depth === 1 && (code === TOKEN.colon || code === TOKEN.comma))) from = at + 1;
    return isEnd ? 'stop' : 'go_on';
  });
  return found;
}

/** Whether `json` has more than `most` levels of nested objects and arrays. The text need not be valid JSON. */
export function isDeeperThan(json: string, most: number): boolean {
  let isDeeper = false;
  scanJson(json, (code, _, depth) => {
    const opens = code === TOKEN.openObject || code === TOKEN.openArray;
    isDeeper ||= opens && depth >= most;
    return isDeeper ? 'stop' : 'go_on';
  });
  return isDeeper;
}

/**
 * Counts the values in JSON text: scalars, objects and arrays. The text need not be valid; `JSON.parse` never creates more
 * values from it.
 *
 * @param most the count stops above it
 * @returns the number of values, or a number above `most`
 */
export function countValues(json: string, most: number): number {
  let count = 1;
  let openedAt: number | undefined;
  scanJson(json, (code, at) => {
    if (code === TOKEN.openObject || code === TOKEN.openArray) {
      // It is expected to hold a value, until it turns out to be empty.
      count += 1;
      openedAt = at;
      return count - 1 > most ? 'stop' : 'go_on';
    }
    if (code === TOKEN.comma) count += 1;
    else if (code !== TOKEN.colon && openedAt !== undefined && isBlank(json, openedAt + 1, at)) count -= 1;
    openedAt = undefined;
    return count > most ? 'stop' : 'go_on';
  });
  return count;
}

function isBlank(text: string, from: number, to: number): boolean {
  return to === from || text.slice(from, to).trim() === '';
}
