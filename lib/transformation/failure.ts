/** In characters: the words may hold anything of an event. */
const LONGEST_WORDS = 500;
const PLACE = /transformation\/([\w.-]+\.m?js):(\d+):(\d+)/;

/**
 * How stacks and messages name the file of a transformation, so that its frames can be told from those of this project.
 *
 * @param file the last part of its path
 */
export function nameInStacks(file: string): string {
  const name = file.replaceAll(/[^\w.-]/g, '-').replace(/(?:\.m?js)?$/, '.js');
  return `transformation/${name}`;
}

/** Describes what a transformation has thrown: its words, and the line and column of the file. Never throws. */
export function describeThrown(thrown: unknown): string {
  const words = wordsOf(thrown);
  const short = words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}…` : words;
  const place = placeOf(thrown);
  return place === undefined ? short : `${short} (${place})`;
}

function wordsOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return `a thrown ${typeof thrown} that cannot be written as text`;
  }
}

/** @returns undefined if the stack does not name the file: what was thrown is no error, or has no stack of its own */
function placeOf(thrown: unknown): string | undefined {
  try {
    const stack: unknown = Object(thrown)['stack'];
    const [, file, line, column] = (typeof stack === 'string' && PLACE.exec(stack)) || [];
    return file === undefined ? undefined : `transformation/${file}:${line}:${column}`;
  } catch {
    return undefined;
  }
}
