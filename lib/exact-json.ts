import { scanJson, TOKEN } from './json-scanner.ts';

declare global {
  /** What Node has and TypeScript's own types lack. */
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/**
 * JSON with integers that a double cannot hold. `JSON.parse` changes their last digits, and two ids become one.
 *
 * Only integers are kept: a number with a fraction or an exponent is a measurement, of which a double holds 15 digits.
 */

/** A double holds every integer with up to 15 digits. */
const LONG_RUN = 16;
/** A part of a text, a byte for each character, and the same as words. Of other characters than those of Latin-1 half is lost. */
const bytes = Buffer.alloc(16 * 1024);
const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
/** The first half of each byte. That of a digit is 3. */
const FIRST_HALVES = 0xf0_f0_f0_f0 | 0;
const FIRST_HALVES_OF_DIGITS = 0x30_30_30_30;
/**
 * A whole integer value, with what follows it, at the index to which `lastIndex` is set. `.0` adds nothing to an integer. JSON
 * has no numbers that start with a zero, and quotes would hide that.
 */
const INTEGER_AHEAD = /\s*(?<source>(?<digits>-?[1-9]\d{15,})(?:\.0+)?)(?=\s*[,\]}])/y;
const INTEGER = /^(?<digits>-?[1-9]\d{15,})(?:\.0+)?$/;

/**
 * Parses JSON like `JSON.parse`. An integer that would change becomes its digits as text.
 *
 * @throws SyntaxError as `JSON.parse` does
 */
export function parseJson(text: string): unknown {
  if (!mayHaveLongNumber(text)) return JSON.parse(text);
  try {
    return JSON.parse(quoteLongIntegers(text));
  } catch {
    // For a message with the right position.
    return JSON.parse(text);
  }
}

/**
 * Parses JSON like `JSON.parse`. An integer that would change becomes an object that `JSON.stringify` writes as it came, and
 * for which `JSON.isRawJSON` is true.
 *
 * @param text not nested deeply, since a reviver recurses
 * @throws SyntaxError as `JSON.parse` does
 */
export function parseJsonToPassOn(text: string): unknown {
  if (!mayHaveLongNumber(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, { source }) => {
    return typeof value === 'number' && source !== undefined && exactDigits(source) !== undefined
      ? JSON.rawJSON(source)
      : value;
  });
}

/** Returns the digits of an integer that `parseJsonToPassOn` has kept; undefined for any other value. */
export function keptDigits(value: unknown): string | undefined {
  return JSON.isRawJSON(value) ? exactDigits(JSON.stringify(value)) : undefined;
}

/**
 * Whether there is a run of 16 digits that starts like a number, and not within a word. Such a run fills at least three words
 * of four bytes in a row, so it is enough to look at every third word.
 */
function mayHaveLongNumber(text: string): boolean {
  let start = 0;
  while (start < text.length) {
    const count = bytes.write(text.slice(start, start + bytes.length), 'latin1') >> 2;
    let next = start + bytes.length - LONG_RUN;
    for (let index = 2; index < count; index += 3) {
      if (!isDigits(index) || !(isDigits(index - 1) || isDigits(index + 1))) continue;
      const at = start + index * 4;
      let from = at;
      while (from > 0 && isDigit(text.charCodeAt(from - 1))) from -= 1;
      let to = at;
      while (to < text.length && isDigit(text.charCodeAt(to))) to += 1;
      if (to - from >= LONG_RUN && startsNumber(text, from)) return true;
      index += 3 * Math.floor((to - at) / 12);
      next = Math.max(next, to);
    }
    start = next;
  }
  return false;
}

/** Whether all bytes of a word are digits, or one of the six characters behind the digits. */
function isDigits(index: number): boolean {
  return ((words[index] ?? 0) & FIRST_HALVES) === FIRST_HALVES_OF_DIGITS;
}

/** Whether a number may start with the digit at an index: after a colon, a comma or a bracket. */
function startsNumber(text: string, from: number): boolean {
  let before = text[from - 1] === '-' ? from - 2 : from - 1;
  while (before >= 0 && ' \n\r\t'.includes(text.charAt(before))) before -= 1;
  return ':,['.includes(text.charAt(before)) && before >= 0;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function quoteLongIntegers(text: string): string {
  const parts: string[] = [];
  let from = 0;
  scanJson(text, (code, at) => {
    if (code !== TOKEN.colon && code !== TOKEN.comma && code !== TOKEN.openArray) return 'go_on';
    INTEGER_AHEAD.lastIndex = at + 1;
    const { source = '' } = INTEGER_AHEAD.exec(text)?.groups ?? {};
    const digits = exactDigits(source);
    if (digits === undefined) return 'go_on';
    parts.push(text.slice(from, at + 1), '"', digits, '"');
    from = text.indexOf(source, at + 1) + source.length;
    return 'go_on';
  });
  parts.push(text.slice(from));
  return parts.join('');
}

/** @returns undefined unless the text is an integer that a double would change */
function exactDigits(source: string): string | undefined {
  const digits = INTEGER.exec(source)?.groups?.['digits'];
  return digits === undefined || String(Number(digits)) === digits ? undefined : digits;
}
