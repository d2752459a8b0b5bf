/** How many characters may be parsed to find a place. It bounds the time that a large text takes. */
const MOST_PARSED_CHARACTERS = 32 * 1024 * 1024;

/** How V8 ends the message of a syntax error whose position it tells. */
const POSITION_AT_END = / in JSON (?<place>at position \d+ \(line \d+ column \d+\))$/;
const NO_INPUT_LEFT = 'Unexpected end of JSON input';

/**
 * Returns where the syntax error in a text is, as V8 writes it: `at position 9 (line 1 column 10)`. It never quotes the text.
 *
 * V8 tells no position for an unexpected token, such as `NaN`. A text that ends before that token fails in another way: it could
 * go on, or V8 tells a position. So the token is found by parsing beginnings of the text.
 *
 * @param text at which `JSON.parse` fails
 * @returns two positions if the text is so large that finding one would take too long; undefined if the text is valid
 */
export function jsonErrorPlace(text: string): string | undefined {
  const failure = failureOf(text);
  if (failure === undefined) return undefined;
  if (failure !== 'unexpected_token') return failure === 'no_input_left' ? placeAt(text, text.length) : failure;
  /** The longest beginning that is known to end before the token, and the shortest that is known to hold it. */
  let before = 0;
  let withToken = text.length;
  let parsed = text.length;
  while (withToken - before > 1) {
    const length = (before + withToken) >>> 1;
    parsed += length;
    if (parsed > MOST_PARSED_CHARACTERS) return `between position ${before} and ${withToken - 1}`;
    if (failureOf(text.slice(0, length)) === 'unexpected_token') withToken = length;
    else before = length;
  }
  return placeAt(text, before);
}

/** @returns the place that V8 tells, or why it tells none; undefined for valid JSON */
function failureOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (message === NO_INPUT_LEFT) return 'no_input_left';
    return POSITION_AT_END.exec(message)?.groups?.['place'] ?? 'unexpected_token';
  }
}

/** Counts lines as V8 does: a line ends with `\n`, `\r` or both. */
function placeAt(text: string, position: number): string {
  let line = 1;
  let start = 0;
  for (const { 0: end, index } of text.slice(0, position).matchAll(/\r\n?|\n/g)) {
    line += 1;
    start = index + end.length;
  }
  return `at position ${position} (line ${line} column ${position - start + 1})`;
}
