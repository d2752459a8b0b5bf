import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { valueAt } from '../../lib/json.ts';
import { LOCAL_AWS } from '../../local/queues.ts';
import { realisticEvents } from '../events.ts';
import { FORMATS, type Format } from '../history-formats.ts';
import type { Row } from '../row.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MANY_EVENTS = 1_000_000;
/** For the other formats: memory that grows with the file would show between the two. */
const EVENTS = 150_000;
const FEW_EVENTS = 30_000;
const MEGABYTE = 1024 * 1024;
/**
 * What the npm script tells V8. By default, the young generation grows with the machine's memory, and garbage is left until the
 * heap is four times as large as what is in use.
 */
const NODE_FLAGS =
  String(valueAt(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')), ['scripts', 'heapq'])).match(/--\S+/g) ??
  [];
const GOAL = { of: 'measured', atMost: 200 } as const;

/** Enqueues files of each format into the embedded queue, each in a process of its own. Of all but the first, the one that needs most is a row. */
export async function measure(): Promise<readonly Row[]> {
  const [ndjson, ...others] = FORMATS;
  const first = await measureMany(ndjson);
  const measured: Twice[] = [];
  for (const format of others) measured.push(await measureTwice(format));
  const [most] = measured.toSorted((a, b) => b.peak - a.peak);
  if (most === undefined) return [first];
  return [
    first,
    {
      what: `Peak memory of heapq enqueue, the most of ${others.length} other formats`,
      measured: { what: `resident, ${EVENTS} events`, unit: 'MB', value: most.peak / MEGABYTE },
      baseline: { what: `resident, ${FEW_EVENTS} events`, unit: 'MB', value: most.peakOfFew / MEGABYTE },
      goal: GOAL,
      notes: measured.map(({ note }) => note),
    },
  ];
}

async function measureMany(format: Format): Promise<Row> {
  const { peak, bytes, seconds } = await load(format, MANY_EVENTS);
  return {
    what: `Peak memory of heapq enqueue, ${MANY_EVENTS} events`,
    measured: { what: 'resident', unit: 'MB', value: peak / MEGABYTE },
    baseline: { what: 'the file', unit: 'MB', value: Math.round(bytes / 1e6) },
    goal: GOAL,
    notes: [describeSpeed(MANY_EVENTS, seconds)],
  };
}

interface Twice {
  /** In bytes. */
  readonly peak: number;
  readonly peakOfFew: number;
  readonly note: string;
}

async function measureTwice(format: Format): Promise<Twice> {
  const { peak: peakOfFew } = await load(format, FEW_EVENTS);
  const { peak, bytes, seconds } = await load(format, EVENTS);
  const note = `${format.name}: ${Math.round(peak / MEGABYTE)} MB for ${Math.round(bytes / 1e6)} MB, ${describeSpeed(EVENTS, seconds)}`;
  return { peak, peakOfFew, note };
}

function describeSpeed(events: number, seconds: number): string {
  return `${seconds.toFixed(0)} s, ${Math.round(events / seconds)} events/s`;
}

interface Loaded {
  /** In bytes. */
  readonly peak: number;
  /** The size of the file. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Loads a file into a queue of its own: the embedded one keeps all messages in memory. */
async function load(format: Format, events: number): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), 'backfill-'));
  const services = spawn(process.execPath, [join(ROOT, 'local', 'dev.ts'), '--no-forwarder', '--json', ...freePorts], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const addresses = await firstLine(services);
    const file = join(folder, 'history');
    const source = Readable.from(format.write(realisticEvents(10_000), events));
    if (format.isGzip === true) await pipeline(source, createGzip({ level: 1 }), createWriteStream(file));
    else await pipeline(source, createWriteStream(file));
    const startedAt = performance.now();
    const peak = await enqueue(file, addresses);
    return { peak, bytes: statSync(file).size, seconds: (performance.now() - startedAt) / 1000 };
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

async function enqueue(file: string, addresses: unknown): Promise<number> {
  const variable = (name: string): string => String(valueAt(addresses, [name]));
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS, '--import', join(ROOT, 'bench', 'report-peak.mjs'), join(ROOT, 'cli', 'main.ts'), 'enqueue', file],
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
