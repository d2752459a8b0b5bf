import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { ROOT } from '../pages.ts';

/** What a block of commands would run. */
export interface Traced {
  /** The words of each command, as the shell gives them to the tool. */
  readonly commands: readonly (readonly string[])[];
  /** What is wrong with the shell's own part: syntax, a variable that nobody has set, a tool that is not known here. */
  readonly problem?: string;
}

/**
 * Functions take the place of the tools, and write down the words that they are called with. There is no PATH, so another tool
 * is not found. What the shell computes is real: quotes, variables, loops, substitutions, and the scripts of `node -p`.
 */
const PRELUDE = String.raw`
enable -n cd
note() { printf '%s\0' "$#" "$@" >&3; }
for tool in npm npx sam git docker curl unzip cp mkdir touch; do eval "$tool() { note $tool \"\$@\"; }"; done
cd() { note cd "$@"; }
aws() { note aws "$@"; echo printed-by-aws; }
openssl() { note openssl "$@"; echo 0f1e2d3c4b5a69788796a5b4c3d2e1f0; }
gzip() { note gzip "$@"; }
jq() { note jq "$@"; }
node() { note node "$@"; "$NODE" "$@"; }
date() { command -p date "$@"; }
command_not_found_handle() { echo "$1 is no tool that is known here" >&2; return 127; }
unset PATH; PATH=/nonexistent
for code; do
  problem=$( { ( set -eu; eval "$code" ) >/dev/null </dev/null || echo "it ended with $?" >&2; } 2>&1 )
  printf '%s\0' 0 "$problem" >&3
done`;

/** What a page says that its reader has, such as keys. */
const OF_THE_READER = {
  WRITE_KEY: 'local-write-key',
  INGEST_URL: 'http://127.0.0.1:4568',
  RUDDERSTACK_TOKEN: 'token',
};

/** Follows blocks of commands in one shell, each in a subshell of its own, and runs none of their tools. */
export async function traceCommands(blocks: readonly string[]): Promise<readonly Traced[]> {
  // A block may write a file.
  const folder = mkdtempSync(join(tmpdir(), 'trace-'));
  symlinkSync(join(ROOT, 'events'), join(folder, 'events'));
  const shell = spawn('bash', ['-c', PRELUDE, 'bash', ...blocks], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE: process.execPath, ...OF_THE_READER },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const [, , errors, notes] = shell.stdio;
  if (!isReadable(errors) || !isReadable(notes)) throw new Error('the shell has no pipes');
  const [written, said] = await Promise.all([buffer(notes), text(errors), once(shell, 'exit')]);
  if (said !== '') throw new Error(said);
  return readNotes(written.toString().split('\0'));
}

function isReadable(stream: unknown): stream is NodeJS.ReadableStream {
  return stream !== null && typeof stream === 'object' && 'read' in stream;
}

/** A note is the number of words and the words; 0 ends a block, and what is wrong with it follows. */
function readNotes(words: readonly string[]): readonly Traced[] {
  const traced: Traced[] = [];
  let commands: (readonly string[])[] = [];
  for (let at = 0; at < words.length - 1;) {
    const length = Number(words[at]);
    if (length > 0) commands.push(words.slice(at + 1, at + 1 + length));
    else {
      const problem = words[at + 1] ?? '';
      traced.push({ commands, ...(problem === '' ? {} : { problem }) });
      commands = [];
    }
    at += Math.max(length, 1) + 1;
  }
  return traced;
}
