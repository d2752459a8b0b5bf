import { relative } from 'node:path';
import type { ConnectionOptions } from './connection.ts';

/** Makes the text of a `heapq` command with these words, which can be pasted into a shell as it is. */
export type Hint = (...words: readonly string[]) => string;

/** Returns a `Hint` whose commands select the same queues as `options`. */
export function createHint({ local, stack, queueUrl, deadLetterQueueUrl }: ConnectionOptions): Hint {
  const queues = [
    ...(local === true ? ['--local'] : []),
    ...(stack === undefined ? [] : ['--stack', stack]),
    ...(queueUrl === undefined ? [] : ['--queue-url', queueUrl]),
    ...(deadLetterQueueUrl === undefined ? [] : ['--dead-letter-queue-url', deadLetterQueueUrl]),
  ];
  return (...words) => [caller(), ...[...words, ...queues].map(quote)].join(' ');
}

/** The command that is running, as it can be pasted. */
export function thisCommand(): string {
  return [caller(), ...process.argv.slice(2).map(quote)].join(' ');
}

/** How this program was called. */
function caller(): string {
  const [, main = 'cli/main.ts'] = process.argv;
  return process.env['npm_lifecycle_event'] === 'heapq' ? 'npm run -s heapq --' : `node ${quote(relative('.', main))}`;
}

/** Quotes a word for a POSIX shell, where that is needed. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
