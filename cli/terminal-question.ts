import { createInterface } from 'node:readline/promises';
import { CallerError } from './caller-error.ts';

/**
 * Requires that somebody can be asked.
 *
 * @param otherwise what to do without a terminal
 * @throws CallerError if standard input or standard error is no terminal
 */
export function requireTerminal(otherwise: string): void {
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new CallerError(otherwise);
}

/** Asks the person at the terminal. Everything but yes is no: Ctrl-C and the end of the input too. */
export async function isYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}
