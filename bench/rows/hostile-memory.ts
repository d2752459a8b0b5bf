import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { startHeapServer } from '../../local/heap-simulator/server.ts';
import { startLoopbackServer } from '../../local/loopback-server.ts';
import { HOSTILE_BATCHES } from '../../local/hostile-bodies.ts';
import { recordsOf } from '../events.ts';
import type { Row } from '../row.ts';
import { FUNCTION_ENVIRONMENT } from './cold-start.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MEGABYTE = 1024 * 1024;
const LARGEST_OUTPUT_BYTES = 64 * MEGABYTE;
const MEMORY_MB = 512;

/** Runs all hostile batches of the tests one after the other in one process, with the limits that Lambda gives Node. */
export async function measure(): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  try {
    const events = join(folder, 'events');
    mkdirSync(events);
    HOSTILE_BATCHES.forEach(({ bodies }, index) => {
      const name = String(index).padStart(3, '0');
      const Records = recordsOf(bodies()).map((record) => {
        const id = `${name}-${record.messageId}`;
        return { ...record, messageId: id, receiptHandle: id };
      });
      writeFileSync(join(events, `${name}.json`), JSON.stringify({ Records }));
    });
    // A record that came before would not be read again, so all have ids of their own.
    const measured = await peakMegabytes(events, MEMORY_MB);
    const withLess = await peakMegabytes(events, MEMORY_MB / 2);
    return {
      what: `Peak memory, ${HOSTILE_BATCHES.length} hostile batches one after the other`,
      measured: { what: `resident, with ${MEMORY_MB} MB`, unit: 'MB', value: measured },
      baseline: {
        what: `with ${MEMORY_MB / 2} MB, which has to hold Lambda's own runtime as well`,
        unit: 'MB',
        value: withLess,
      },
      goal: { of: 'measured', atMost: MEMORY_MB * 0.9 },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function peakMegabytes(events: string, memoryMb: number): Promise<number> {
  await using resources = new AsyncDisposableStack();
  const heap = resources.adopt(await startHeapServer(), (server) => server.stop());
  const sqs = resources.use(await startLoopbackServer(0, acceptMessages));
  const env = {
    ...FUNCTION_ENVIRONMENT,
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_SQS: sqs.url,
    DESTINATION_CONFIG: '{"appId":"{{ message.context.app || \\"11\\" }}"}',
    HEAP_BASE_URL: heap.url,
    MAXIMUM_CONCURRENCY: '1',
  };
  const args = [
    `--max-semi-space-size=${Math.floor(memoryMb * 0.05)}`,
    `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
    join(ROOT, 'bench', 'invoke-files.mjs'),
    join(ROOT, 'dist', 'forward', 'forward.mjs'),
    events,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: LARGEST_OUTPUT_BYTES });
  const bytes = /^peak (\d+)$/m.exec(stdout)?.[1];
  if (bytes === undefined) throw new Error('no measurement');
  return Number(bytes) / MEGABYTE;
}

/** An SQS that accepts everything. */
async function acceptMessages(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { Entries = [] }: { readonly Entries?: readonly { readonly Id: string; readonly MessageBody?: string }[] } =
    JSON.parse(await text(request));
  const Successful = Entries.map(({ Id, MessageBody = '' }) => ({
    Id,
    MessageId: Id,
    MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
  }));
  response.setHeader('content-type', 'application/x-amz-json-1.0');
  response.end(JSON.stringify({ Successful, Failed: [] }));
}
