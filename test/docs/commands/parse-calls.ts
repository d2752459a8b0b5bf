import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { CommanderError } from 'commander';
import { heapqProgram } from '../../../cli/program.ts';
import { contractProgram } from '../../../local/contract/program.ts';

/** What reads the options: one of two programs of Commander, or a script that prints its help after it has read the others. */
export type Reader = { readonly program: 'heapq' | 'contract' } | { readonly file: string };

/** Words, and what reads them. */
export interface Reading {
  readonly reader: Reader;
  readonly args: readonly string[];
}

/**
 * Reads calls from standard input as JSON, and prints what is wrong with each, or null. All are read in one process, since most of what
 * one takes is loading; and not in Jest, which does not load Commander, an ES module.
 */
const calls: readonly Reading[] = JSON.parse(await text(process.stdin));
const write = process.stdout.write.bind(process.stdout);
const problems: (string | null)[] = [];
for (const [index, { reader, args }] of calls.entries()) {
  problems.push(
    'file' in reader ? await problemOfFile(reader.file, args, index) : await problemOfProgram(reader.program, args),
  );
}
process.exitCode = 0;
write(JSON.stringify(problems));

async function problemOfProgram(name: 'heapq' | 'contract', args: readonly string[]): Promise<string | null> {
  const program = name === 'contract' ? contractProgram() : await heapqProgram(args[0]);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)]) {
    command.configureOutput({ writeOut() {}, writeErr() {}, outputError() {} });
    if (command.commands.length === 0) command.action(() => undefined);
  }
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? null : error.message;
  }
  return null;
}

/** Each import with another query runs the script once more; what it imports is shared. */
async function problemOfFile(file: string, args: readonly string[], index: number): Promise<string | null> {
  process.argv = [process.argv[0] ?? '', file, ...args, '--help'];
  process.exitCode = undefined;
  const printed: string[] = [];
  const note = (chunk: string | Uint8Array): boolean => printed.push(String(chunk)) > 0;
  process.stdout.write = note;
  process.stderr.write = note;
  try {
    await import(`${pathToFileURL(file).href}?call=${index}`);
  } catch (error) {
    return String(error);
  }
  return process.exitCode === undefined || process.exitCode === 0 ? null : printed.join('');
}
