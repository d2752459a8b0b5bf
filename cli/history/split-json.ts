import { scanJson, startScan, TOKEN } from '../../lib/json-scanner.ts';
import { MOST_CHARACTERS, type Item } from './item.ts';
import { countLines } from './read-text.ts';
import { nameOf, refuseFile } from './refusal.ts';

/** How the JSON values of a text are separated. */
export type JsonLayout =
  /** One value in each line. A line that is not JSON damages only itself. */
  | 'lines'
  /** Values one after the other, with or without line breaks: written by Firehose, or indented. */
  | 'values'
  /** The elements of one or more arrays. */
  | 'array';

/**
 * Tells how JSON values are separated, by the head of the text.
 *
 * @returns undefined if it is not JSON
 */
export function jsonLayoutOf(head: string): JsonLayout | undefined {
  const start = head.trimStart();
  if (start.startsWith('[')) return 'array';
  if (!start.startsWith('{')) return undefined;
  const end = start.indexOf('\n');
  if (isJson(end === -1 ? start : start.slice(0, end))) return 'lines';
  const first = firstValue(start);
  if (first === undefined ? end === -1 : isJson(first)) return 'values';
  return 'lines';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function firstValue(text: string): string | undefined {
  let value: string | undefined;
  scanJson(text, (_, at, depth) => {
    if (depth > 0 || text[at] === '{') return 'go_on';
    value = text.slice(0, at + 1);
    return 'stop';
  });
  return value;
}

/**
 * Returns the lines of a text that are not blank. A line ends at a line feed alone: JSON text may hold every other character that
 * Unicode calls a line separator.
 */
export async function* splitLines(chunks: AsyncIterable<string>, file: string): AsyncGenerator<Item> {
  let line = 1;
  let parts: string[] = [];
  let characters = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf('\n'); at !== -1; at = chunk.indexOf('\n', from)) {
      const text = lineOf(parts, chunk.slice(from, at));
      if (text !== '') yield { text, line };
      parts = [];
      characters = 0;
      line += 1;
      from = at + 1;
    }
    const rest = chunk.slice(from);
    parts.push(rest);
    characters += rest.length;
    if (characters > MOST_CHARACTERS) throw tooLong(file, line);
  }
  const text = lineOf(parts, '');
  if (text !== '') yield { text, line };
}

/** A line without a byte order mark and the carriage return of Windows; empty if it is blank. */
function lineOf(parts: readonly string[], last: string): string {
  const whole = parts.length === 0 ? last : parts.join('') + last;
  return whole.trim() === '' ? '' : whole.replace(/^\uFEFF/, '').replace(/\r$/, '');
}

/** Returns values that follow one another, or the elements of arrays, as text, unparsed. */
export async function* splitValues(
  chunks: AsyncIterable<string>,
  layout: 'values' | 'array',
  file: string,
): AsyncGenerator<Item> {
  const state = startScan();
  /** The current value so far, including white space, and the line where it starts. */
  let text = '';
  let line = 1;
  /** Whether the outermost bracket that is open is that of an array to be split. */
  let isInArray = false;
  for await (const chunk of chunks) {
    const found: Item[] = [];
    let from = 0;
    const cut = (to: number, next: number): void => {
      const value = text + chunk.slice(from, to);
      const bare = value.trim();
      const blanks = value.slice(0, value.indexOf(bare));
      if (bare !== '') found.push({ text: bare, line: line + countLines(blanks) });
      line += countLines(value);
      text = '';
      from = next;
    };
    scanJson(
      chunk,
      (code, at, depth) => {
        if (depth < 0) state.depth = 0;
        if (code === TOKEN.comma) {
          // Some writers put a comma between the values.
          if (depth === 0 || (depth === 1 && isInArray)) cut(at, at + 1);
        } else if (depth <= 0 && (code === TOKEN.openObject || code === TOKEN.openArray)) {
          isInArray = layout === 'array' && code === TOKEN.openArray;
          cut(at, isInArray ? at + 1 : at);
        } else if (depth <= 0 && (code === TOKEN.closeObject || code === TOKEN.closeArray)) {
          const isEndOfArray = isInArray && code === TOKEN.closeArray;
          cut(isEndOfArray ? at : at + 1, at + 1);
          isInArray = false;
        }
        return 'go_on';
      },
      state,
    );
    text += chunk.slice(from);
    yield* found;
    if (text.length > MOST_CHARACTERS) throw tooLong(file, line);
  }
  if (state.depth > 0 || text.trim() !== '') {
    const what = layout === 'array' ? 'the JSON array' : 'the last JSON value';
    throw refuseFile(
      'json',
      { file: nameOf(file) },
      `is incomplete: ${what} is truncated, in line ${line + countLines(text)}`,
      'Download or export it again',
    );
  }
}

function tooLong(file: string, line: number): Error {
  const megabytes = Math.round(MOST_CHARACTERS / 1024 / 1024);
  const remedy = 'If it is a list in an object, write its elements one a line, for example with: jq -c ".batch[]"';
  return refuseFile(
    'json',
    { file: nameOf(file), line },
    `has a JSON value of more than ${megabytes} MB, or a quote that is not closed`,
    remedy,
  );
}
