/** The state of a scan, kept between two chunks of the same text. */
export interface ScanState {
  /** The number of open objects and arrays. */
  depth: number;
  isInString: boolean;
  isEscaped: boolean;
}

/** The state before the first chunk. */
export function startScan(): ScanState {
  return { depth: 0, isInString: false, isEscaped: false };
}

/**
 * Called for every bracket, comma and colon outside of strings.
 *
 * @param code the character code
 * @param at the index in the text
 * @param depth the number of objects and arrays around the character; a bracket does not count itself
 * @returns `stop` to end the scan
 */
export type VisitToken = (code: number, at: number, depth: number) => 'stop' | 'go_on';

/** The character codes that a scan reports. */
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
 * Scans JSON text for its structure without parsing it. It does not recurse and does not validate. It is used to extract a
 * value exactly as it was written, and to detect excessive nesting before the text is parsed.
 *
 * @param state the state after the previous chunk of the same text; it is updated in place
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
