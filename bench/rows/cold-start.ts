import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { summarize } from '../measure.ts';
import type { Row } from '../row.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** The environment variables that the bundle needs to start. */
export const FUNCTION_ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  DESTINATION_CONFIG: '{"appId":"1"}',
  QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/queue',
  DEAD_LETTER_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/dead-letters',
};

const EMPTY = 'export async function handler() { return { batchItemFailures: [] }; }';
/** The same function, but with the AWS SDK loaded at the start, which only failures need. */
const WITH_SDK = `
  export { handler } from ${JSON.stringify(join(ROOT, 'handlers', 'forward.ts'))};
  import { createQueues } from ${JSON.stringify(join(ROOT, 'lib', 'forwarding', 'queues.ts'))};
  globalThis.queues = createQueues({ queueUrl: 'https://queue', deadLetterQueueUrl: 'https://dead-letters' });`;

export async function measure(seconds: number): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cold-start-'));
  try {
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, EMPTY);
    const withSdk = join(folder, 'with-sdk.mjs');
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    buildSync({
      stdin: { contents: WITH_SDK, resolveDir: ROOT, loader: 'ts' },
      outfile: withSdk,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      mainFields: ['module', 'main'],
      banner: { js: banner },
    });
    return rowsOf(start({ empty, ours: join(ROOT, 'dist', 'forward', 'forward.mjs'), withSdk }, seconds));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Starts whole processes in turns, so that a slow phase of the machine affects all of them. */
function start<Name extends string>(
  files: Readonly<Record<Name, string>>,
  seconds: number,
): Map<string, readonly number[]>;
function start(files: Readonly<Record<string, string>>, seconds: number): Map<string, readonly number[]> {
  const times = new Map<string, number[]>(Object.keys(files).map((name) => [name, []]));
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 5 || performance.now() < end; round += 1) {
    for (const [name, file] of Object.entries(files)) {
      const startedAt = performance.now();
      execFileSync(process.execPath, [file], { env: FUNCTION_ENVIRONMENT });
      // The first round fills the disk cache and is not measured.
      if (round > 0) times.get(name)?.push(performance.now() - startedAt);
    }
  }
  return times;
}

function rowsOf(times: ReadonlyMap<string, readonly number[]>): readonly Row[] {
  const [empty, ours, withSdk] = ['empty', 'ours', 'withSdk'].map((name) => summarize(times.get(name) ?? []));
  if (empty === undefined || ours === undefined || withSdk === undefined) throw new Error('nothing was started');
  return [
    {
      what: 'Cold start, as a whole process',
      measured: { what: 'the built function', unit: 'ms', value: ours.median, spread: ours.spread },
      baseline: { what: 'an empty handler', unit: 'ms', value: empty.median, spread: empty.spread },
      goal: { of: 'ratio', atMost: 1.3 },
      notes: [`${ours.runs} starts of each, in turns`],
    },
    {
      what: 'Cold start, what loading adds',
      measured: { what: 'the built function, less an empty one', unit: 'ms', value: ours.median - empty.median },
      baseline: {
        what: 'with the AWS SDK at the top, less an empty one',
        unit: 'ms',
        value: withSdk.median - empty.median,
      },
      goal: { of: 'ratio', atMost: 0.25 },
    },
  ];
}
