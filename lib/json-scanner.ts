/** Where a scan stands; kept between two chunks of one text. */
export interface ScanState {
  /** Objects and arrays that are open. */
  depth: number;
  isInString: boolean;
  isEscaped: boolean;
}

/** A scan that has not begun. */
export function startScan(): ScanState {
  return { depth: 0, isInString: false, isEscaped: false };
}

/**
 * Told of every bracket, comma and colon outside of strings.
 *
 * @param code of the character
 * @param at its place in the text
 * @param depth how many objects and arrays are open around it; a bracket itself does not count
 * @returns `stop` ends the scan
 */
export type VisitToken = (code: number, at: number, depth: number) => 'stop' | 'go_on';

export const TOKEN = {
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Scans JSON text for its structure. It builds nothing, does not recurse, and checks nothing: text that is not valid JSON
 * gives tokens as well. This is how a value is cut out of a text as it was written, and how a hostile text is recognised
 * before it is parsed.
 *
 * @param state of an earlier chunk of the same text; it is brought up to date
 */
export function scanJson(text: string, visit: VisitToken, state: ScanState = startScan()): void {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (state.isInString) {
      if (state.isEscaped) state.isEscaped = false;
      else if (code === BACKSLASH) state.isEscaped = true;
      else if (code === QUOTE) state.isInString = false;
    } else if (code === QUOTE) {
      state.isInString = true;
    } else if (code === TOKEN.openObject || code === TOKEN.openArray) {
      state.depth += 1;
      if (visit(code, at, state.depth - 1) === 'stop') return;
    } else if (code === TOKEN.closeObject || code === TOKEN.closeArray) {
      state.depth -= 1;
      if (visit(code, at, state.depth) === 'stop') return;
    } else if (code === TOKEN.comma || code === TOKEN.colon) {
      if (visit(code, at, state.depth) === 'stop') return;
    }
  }
}
