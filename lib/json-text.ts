import { scanJson, TOKEN } from './json-scanner.ts';

/**
 * Cuts values out of JSON text without writing them anew. A dead letter holds an event as it came; parsing and stringifying
 * would change numbers, escapes and duplicate keys, and fails on very deep nesting.
 */

/** The text of each element of the array that `json` holds, in order. `JSON.parse` has to have accepted it. */
export function elementTexts(json: string): string[] {
  const texts: string[] = [];
  let from = 0;
  scanJson(json, (code, at, depth) => {
    const isEnd = depth === 0 && code === TOKEN.closeArray;
    const isBetween = depth === 1 && code === TOKEN.comma;
    if (isEnd || isBetween) {
      const text = json.slice(from, at).trim();
      // An empty array ends without an element.
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
 * The text of the member `key` of the object that `json` holds; of several the last, as `JSON.parse` has it.
 * `JSON.parse` has to have accepted it.
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

/** Whether `json` has more than `most` levels of objects and arrays; the text need not be valid. */
export function isDeeperThan(json: string, most: number): boolean {
  let isDeeper = false;
  scanJson(json, (code, _, depth) => {
    const opens = code === TOKEN.openObject || code === TOKEN.openArray;
    isDeeper ||= opens && depth >= most;
    return isDeeper ? 'stop' : 'go_on';
  });
  return isDeeper;
}
