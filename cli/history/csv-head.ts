import { isFlatEvent, isRowWith } from './classify.ts';
import { otherProductOf } from './other-products.ts';

/** What separates the cells of a line, and what the caller may call it. */
const DELIMITERS: readonly (readonly [character: string, name: string])[] = [
  [',', ','],
  ['\t', 'tab'],
  [';', "';'"],
  ['|', "'|'"],
];

/** Tells what separates the names of a header line. Undefined if no separator makes names that are known. */
export function delimiterOf(headerLine: string): string | undefined {
  const line = headerLine.trim();
  return DELIMITERS.map(([character]) => character).find((character) => isKnown(namesIn(line, character)));
}

/** The name of a delimiter, as the option takes it. */
export function nameOfDelimiter(delimiter: string): string {
  return DELIMITERS.find(([character]) => character === delimiter)?.[1] ?? delimiter;
}

/** Reads the value of the option: a character, or `tab`. */
export function parseDelimiter(value: string): string {
  return value === 'tab' || value === '\\t' ? '\t' : value;
}

function namesIn(line: string, delimiter: string): readonly string[] {
  return line.split(delimiter).map((cell) => cell.trim().replace(/^"(?<name>.*)"$/, '$<name>'));
}

function isKnown(names: readonly string[]): boolean {
  if (names.length === 1) return /^rudder_event$/i.test(names[0] ?? '');
  return (
    isRowWith(names) ||
    isFlatEvent(names) ||
    otherProductOf(new Set(names.map((name) => name.toLowerCase()))) !== undefined
  );
}
