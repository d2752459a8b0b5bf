import { scanJson, startScan, TOKEN, type ScanState, type VisitToken } from '../../json-scanner.ts';

/** Where the elements of a list stand in JSON text. */
export interface LocatedList {
  /** How many elements it has. */
  readonly count: number;
  /** Returns the text of an element, byte for byte, without the blanks around it. */
  readonly textAt: (index: number) => string;
  /**
   * The text without the elements; of a text that is cut off, what is before them, with the two brackets that close a batch. If it is
   * not valid JSON, the list is not what it looks like: brackets or quotes do not match, so nobody can tell where an element ends.
   */
  readonly withoutElements: string;
  /** What follows the complete elements if the text ends before all brackets are closed; undefined if they are. */
  readonly rest: ListRest | undefined;
}

/** The end of a text whose brackets are not all closed. */
export interface ListRest {
  /** Byte for byte, without the blanks around it. Empty if there is nothing but brackets. */
  readonly text: string;
  /** The index of the element that it begins with; undefined if all elements are complete. */
  readonly index: number | undefined;
}

interface OpenList {
  /** The index after its bracket. */
  readonly from: number;
  /** How many brackets are around it. */
  readonly depth: number;
  /** The first commas between its elements. */
  readonly commas: number[];
  /** How many commas there are. */
  separators: number;
  /** The index of the last element. */
  lastFrom: number;
  /** The index of its closing bracket. */
  to: number;
}

/**
 * Finds the elements of an array, or of the member `batch` of an object, by brackets and strings alone. The elements need not be
 * valid JSON, and nothing is built for them. Of several members `batch` the last one counts, as in `JSON.parse`.
 *
 * @param mostElements of more elements only the number is told
 * @returns undefined if the text is neither an array nor such an object
 */
export function locateElements(text: string, mostElements: number): LocatedList | undefined {
  let list: OpenList | undefined;
  let isInList = false;
  let from = 0;
  let isBatch = false;
  const open = (at: number, depth: number): void => {
    list = { from: at + 1, depth, commas: [], separators: 0, lastFrom: at + 1, to: at + 1 };
    isInList = true;
  };
  const visit: VisitToken = (code, at, depth) => {
    if (isInList && list !== undefined) {
      if (depth === list.depth + 1 && code === TOKEN.comma) {
        if (list.commas.length < mostElements) list.commas.push(at);
        list.separators += 1;
        list.lastFrom = at + 1;
      } else if (depth === list.depth) {
        list.to = at;
        isInList = false;
      }
    } else if (depth === 1 && (code === TOKEN.openArray || code === TOKEN.openObject)) {
      if (code === TOKEN.openArray && isBatch && isBlank(text, from, at)) open(at, depth);
      // Only the first bracket after the colon counts, and the blanks before it are looked at once.
      isBatch = false;
    } else if (code === TOKEN.openArray && depth === 0) {
      open(at, depth);
    } else if (depth === 1 && code === TOKEN.colon) {
      isBatch = isNameOfBatch(text.slice(from, at));
      // A member that follows under the same name counts instead.
      if (isBatch) list = undefined;
      from = at + 1;
    } else if (depth === 0 || (depth === 1 && code === TOKEN.comma)) {
      isBatch = false;
      from = at + 1;
    }
    return 'go_on';
  };
  const end = startScan();
  scanJson(text, visit, end);
  if (list === undefined) return undefined;
  return end.depth > 0 ? toCutOffList(text, list, isInList, end) : toList(text, list);
}

function toList(text: string, list: OpenList): LocatedList {
  const { from, to, separators } = list;
  return {
    count: separators === 0 && isBlank(text, from, to) ? 0 : separators + 1,
    textAt: (index) => textAt(text, list, index),
    withoutElements: text.slice(0, from) + text.slice(to),
    rest: undefined,
  };
}

/**
 * @param isOpen whether the text ends within the list
 * @param end the state at the end of the text
 */
function toCutOffList(text: string, given: OpenList, isOpen: boolean, end: ScanState): LocatedList {
  const list = isOpen ? { ...given, to: text.length } : given;
  const { from, to, separators, lastFrom } = list;
  const isLastComplete = !isOpen || (end.depth === list.depth + 1 && !end.isInString);
  const hasLast = isLastComplete && !isBlank(text, lastFrom, to);
  const count = hasLast ? separators + 1 : separators;
  const rest = trimBlanks(text.slice(isLastComplete ? to : lastFrom));
  return {
    count,
    textAt: (index) => textAt(text, list, index),
    withoutElements: `${text.slice(0, from)}]}`,
    rest: { text: /^[\]}\s]*$/.test(rest) ? '' : rest, index: isLastComplete ? undefined : count },
  };
}

function textAt(text: string, { from, to, commas }: OpenList, index: number): string {
  const start = index === 0 ? from : (commas[index - 1] ?? to) + 1;
  return trimBlanks(text.slice(start, commas[index] ?? to));
}

/** The longest way to write the name: each letter as `\\u0062`. */
const LONGEST_NAME = /^"(?:[a-z]|\\u[\da-fA-F]{4}){1,5}"$/;

/** There may be millions of colons without a name before them, so this neither throws nor reads far. */
function isNameOfBatch(text: string): boolean {
  const name = trimBlanks(text);
  return name === '"batch"' || (name.includes('\\u') && LONGEST_NAME.test(name) && JSON.parse(name) === 'batch');
}

/** Whether there are only blanks in a part of a text, as JSON defines them. */
function isBlank(text: string, from: number, to: number): boolean {
  return trimBlanks(text.slice(from, to)) === '';
}

/** Like `trim`, without the characters that JSON does not take for blanks, such as the no-break space. */
function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && ' \n\r\t'.includes(text.charAt(from))) from += 1;
  while (to > from && ' \n\r\t'.includes(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}
