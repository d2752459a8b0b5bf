import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { mapLimit } from '../lib/map-limit.ts';
import type { Result } from './result.ts';
import type { Run } from './run.ts';

const RUN = join(import.meta.dirname, 'run.ts');

/**
 * Runs each in a process of its own.
 *
 * @param jobs how many may run at once
 * @param onResult called after each run, with the time that it took, in ms
 */
export async function runAll(
  runs: readonly Run[],
  jobs: number,
  onResult: (result: Result, tookMs: number) => void,
): Promise<void> {
  await mapLimit(runs, jobs, async (one) => {
    const startedAt = performance.now();
    onResult(await runAlone(one), performance.now() - startedAt);
  });
}

async function runAlone(one: Run): Promise<Result> {
  const child = fork(RUN, [JSON.stringify(one)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`${one.scenario} with ${one.system} ended with ${String(code)}`);
  });
  const [result] = await Promise.race([once(child, 'message'), ended]);
  return result;
}
