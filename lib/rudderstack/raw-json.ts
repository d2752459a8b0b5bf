/**
 * Cuts values out of JSON text without re-writing them. A dead letter holds an event as it came; parsing and
 * stringifying again would change numbers, escapes and duplicate keys, and fails on very deep nesting.
 *
 * Every function expects text that `JSON.parse` has accepted, and works without recursion.
 */

/** The text of each element of the array that `json` holds, in order. */
export function elementTexts(json: string): string[] {
  const texts: string[] = [];
  let at = skipBlanks(json, skipBlanks(json, 0) + 1);
  while (at < json.length && json[at] !== ']') {
    const end = valueEnd(json, at);
    texts.push(json.slice(at, end));
    at = skipSeparator(json, end);
  }
  return texts;
}

/** The text of the member `key` of the object that `json` holds; of several the last, as `JSON.parse` has it. */
export function memberText(json: string, key: string): string | undefined {
  let text: string | undefined;
  let at = skipBlanks(json, skipBlanks(json, 0) + 1);
  while (at < json.length && json[at] !== '}') {
    const keyEnd = valueEnd(json, at);
    const isWanted = JSON.parse(json.slice(at, keyEnd)) === key;
    const valueStart = skipBlanks(json, skipBlanks(json, keyEnd) + 1);
    const end = valueEnd(json, valueStart);
    if (isWanted) text = json.slice(valueStart, end);
    at = skipSeparator(json, end);
  }
  return text;
}

function skipBlanks(json: string, from: number): number {
  let at = from;
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at += 1;
  return at;
}

function skipSeparator(json: string, from: number): number {
  const at = skipBlanks(json, from);
  return json[at] === ',' ? skipBlanks(json, at + 1) : at;
}

/** The index just behind the value that starts at `start`. */
function valueEnd(json: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const character = json[at];
    if (character === '"') {
      at = stringEnd(json, at);
    } else if (character === '{' || character === '[') {
      depth += 1;
      at += 1;
    } else if (character === '}' || character === ']') {
      // A closing bracket at depth 0 belongs to the container: the value was a bare number or word.
      if (depth === 0) return at;
      depth -= 1;
      at += 1;
    } else if (depth === 0 && /[\s,:]/.test(character ?? '')) {
      return at;
    } else {
      at += 1;
      continue;
    }
    if (depth === 0) return at;
  }
  return at;
}

function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}
