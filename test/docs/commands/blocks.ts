import { blocksOf, readPages, type Block } from '../pages.ts';
import { readNpm } from './npm.ts';

/**
 * What is done with the commands of a block. The word stands after the language of the fence, as in `sh run`.
 *
 * - `run`: a test runs all of it on this machine, and looks at what comes out.
 * - `parsed`: it takes minutes, does not end by itself, or needs Docker.
 * - `account`: it needs an account of AWS, Heap or RudderStack, or another host.
 *
 * The commands of every block are parsed, whatever its word is.
 */
export const KINDS = ['run', 'parsed', 'account'] as const;

export interface CommandBlock extends Block {
  /** The page and the line, for messages. */
  readonly place: string;
}

/** Every block of commands of every page. */
export function commandBlocks(): readonly CommandBlock[] {
  return readPages().flatMap((page) =>
    blocksOf(page)
      .filter(({ language }) => language === 'sh')
      .map((block) => ({ ...block, place: `${page.path}:${block.line}` })),
  );
}

/** Scripts that take minutes, or run until they are stopped. `npm start` takes seconds. */
const LONG: ReadonlySet<string> = new Set(['bench', 'dev', 'simulate', 'test', 'test:chaos', 'test:interrupts']);

/** Why a command cannot be run by a test. Undefined if it can. */
export function reasonNotToRun(words: readonly string[]): 'parsed' | 'account' | undefined {
  const [tool, ...rest] = words;
  if (tool === 'sam' && (rest[0] === 'local' || rest[0] === 'build')) return 'parsed';
  if (tool === 'aws') return rest.includes('http://127.0.0.1:3001') ? 'parsed' : 'account';
  if (tool === 'sam' || tool === 'git') return 'account';
  if (tool === 'curl') return rest.some((word) => /^https:\/\/[\w.]+\//.test(word)) ? 'account' : undefined;
  if (tool !== 'npm') return undefined;
  const call = readNpm(rest);
  if (typeof call !== 'object') return undefined;
  if (LONG.has(call.script)) return 'parsed';
  if (call.script === 'contract') return call.args.includes('--url') ? 'parsed' : 'account';
  return call.args.includes('--stack') ? 'account' : undefined;
}
