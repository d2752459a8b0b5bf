import { CallerError } from '../../cli/caller-error.ts';
import { readTextFile } from '../../cli/read-text-file.ts';
import { parseJson } from '../../lib/exact-json.ts';
import { isArray, isObject } from '../../lib/json.ts';
import { readMessages, sampleMessages } from '../messages.ts';

/** What a transformation has to make of an event. */
export type Expectation =
  | { readonly kind: 'returns'; readonly output: unknown }
  /** It throws an error whose words contain these. */
  | { readonly kind: 'throws'; readonly words: string };

/** A body that is given to a transformation. */
export interface Case {
  readonly body: string;
  /** Where it stands. */
  readonly origin: string;
  /** Undefined if it is only shown. */
  readonly expected: Expectation | undefined;
}

/**
 * Reads the events with which a transformation is tried: a list of cases, `{"input", "output"}` or `{"input", "error"}`, or any file
 * that `heapq enqueue` reads.
 *
 * @param file undefined for the sample events of this project
 * @throws CallerError if the file cannot be read, or is refused
 */
export async function* readCases(file: string | undefined): AsyncGenerator<Case> {
  const cases = file === undefined || !file.endsWith('.json') ? undefined : casesIn(file);
  if (cases !== undefined) {
    yield* cases;
    return;
  }
  for await (const { body, origin } of file === undefined ? sampleMessages() : readMessages(file)) {
    yield { body, origin, expected: undefined };
  }
}

/** @returns undefined if the file is no list of cases */
function casesIn(file: string): readonly Case[] | undefined {
  let list: unknown;
  try {
    list = parseJson(readTextFile(file, file));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isArray(list) || !list.some((one) => isObject(one) && 'input' in one)) return undefined;
  return list.map((one, index) => {
    const origin = `case ${index + 1}`;
    if (!isObject(one) || !('input' in one)) throw new CallerError(`${file}, ${origin}: it has no input`);
    return { body: JSON.stringify(one['input']), origin, expected: expectationOf(one) };
  });
}

function expectationOf({ output, error }: { readonly output?: unknown; readonly error?: unknown }): Case['expected'] {
  if (typeof error === 'string') return { kind: 'throws', words: error };
  return output === undefined ? undefined : { kind: 'returns', output };
}
