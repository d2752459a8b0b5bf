import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { valueAt } from '../../lib/json.ts';
import { LOCAL_AWS } from '../../local/queues.ts';
import { realisticEvents } from '../events.ts';
import type { Row } from '../row.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const EVENTS = 1_000_000;
/** The same as in the npm script: by default, V8 lets the young generation grow with the machine's memory. */
const YOUNG_GENERATION = '--max-semi-space-size=8';
const MEGABYTE = 1024 * 1024;

/** Enqueues a million events from a file into the embedded queue, each in a process of its own. */
export async function measure(): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'backfill-'));
  const services = spawn(process.execPath, [join(ROOT, 'local', 'dev.ts'), '--no-forwarder', '--json', ...freePorts], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const addresses = await firstLine(services);
    const file = join(folder, 'history.ndjson');
    await pipeline(Readable.from(lines()), createWriteStream(file));
    const megabytes = Math.round(statSync(file).size / 1e6);
    const startedAt = performance.now();
    const peak = await enqueue(file, addresses);
    const seconds = (performance.now() - startedAt) / 1000;
    return {
      what: `Peak memory of heapq enqueue, ${EVENTS} events`,
      measured: { what: 'resident', unit: 'MB', value: peak / MEGABYTE },
      baseline: { what: 'the file', unit: 'MB', value: megabytes },
      goal: { of: 'measured', atMost: 200 },
      notes: [`${seconds.toFixed(0)} s, ${Math.round(EVENTS / seconds)} events/s`],
    };
  } finally {
    services.kill();
    rmSync(folder, { recursive: true });
  }
}

const freePorts = ['queue', 'heap', 'http', 'view'].flatMap((name) => [`--${name}-port`, '0']);

async function firstLine({ stdout }: ChildProcess): Promise<unknown> {
  if (stdout === null) throw new Error('no output');
  const [line]: unknown[] = await once(createInterface({ input: stdout }), 'line');
  return JSON.parse(String(line));
}

function* lines(): Generator<string> {
  const events = realisticEvents(10_000).map((event) => JSON.stringify(event));
  for (let index = 0; index < EVENTS; index += 1) yield `${events[index % events.length]}\n`;
}

async function enqueue(file: string, addresses: unknown): Promise<number> {
  const variable = (name: string): string => String(valueAt(addresses, [name]));
  const child = spawn(
    process.execPath,
    [
      YOUNG_GENERATION,
      '--import',
      join(ROOT, 'bench', 'report-peak.mjs'),
      join(ROOT, 'cli', 'main.ts'),
      'enqueue',
      file,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      env: {
        ...process.env,
        ...LOCAL_AWS,
        AWS_ENDPOINT_URL_SQS: variable('sqsEndpoint'),
        QUEUE_URL: variable('queueUrl'),
        DEAD_LETTER_QUEUE_URL: variable('deadLetterQueueUrl'),
      },
    },
  );
  const report = child.stdio[3];
  if (!(report instanceof Readable)) throw new Error('no report');
  const [peak, [code]] = await Promise.all([text(report), once(child, 'exit')]);
  if (code !== 0) throw new Error(`heapq ended with ${String(code)}`);
  return Number(peak);
}
