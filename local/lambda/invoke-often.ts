import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startHeapServer } from '../heap-simulator/server.ts';
import { toRecord } from './event-source-mapping.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const INVOKE_OFTEN = join(import.meta.dirname, 'invoke-often.mjs');
const LARGEST_OUTPUT_BYTES = 64 * 1024 * 1024;

/** What invocations took, in order. */
export interface InvokedOften {
  /** Of all threads, so that compiling and collecting garbage count. */
  readonly cpuMs: readonly number[];
  /** Bytes of the function's log, for an invocation. */
  readonly logBytes: number;
}

/**
 * Invokes the built function in a fresh process, with a Heap that answers at once. Each invocation gets the same events with other ids.
 *
 * @param events RudderStack events; their ids and users are replaced
 */
export async function invokeOften(events: readonly object[], invocations: number): Promise<InvokedOften> {
  const folder = mkdtempSync(join(tmpdir(), 'invoke-often-'));
  const heap = await startHeapServer();
  try {
    const file = join(folder, 'event.json');
    writeFileSync(file, JSON.stringify({ Records: events.map((event, index) => recordOf(event, index)) }));
    const env = {
      AWS_REGION: 'us-east-1',
      DESTINATION_CONFIG: '{"appId":"1"}',
      QUEUE_URL: 'http://127.0.0.1/queue',
      DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1/dead-letters',
      HEAP_BASE_URL: heap.url,
      MAXIMUM_CONCURRENCY: '1',
      SERVICE_NAME: 'rudderstack-heap',
    };
    const bundle = join(ROOT, 'dist', 'forward', 'forward.mjs');
    const args = [INVOKE_OFTEN, bundle, file, String(invocations)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: LARGEST_OUTPUT_BYTES });
    const [line, times] = /^cpu (.+)\n/m.exec(stdout) ?? [];
    if (line === undefined || times === undefined) throw new Error(`no measurement: ${stdout}`);
    const logBytes = (Buffer.byteLength(stdout) - line.length) / invocations;
    return { cpuMs: times.split(' ').map(Number), logBytes };
  } finally {
    await heap.stop();
    rmSync(folder, { recursive: true });
  }
}

function recordOf(event: object, index: number): object {
  const id = `INVOCATION-${index}`;
  return toRecord(
    {
      MessageId: `record-${id}`,
      Body: JSON.stringify({ ...event, messageId: `message-${id}`, userId: `user-${id}` }),
      Attributes: { SentTimestamp: String(Date.now()), ApproximateReceiveCount: '1' },
    },
    'arn:aws:sqs:us-east-1:000000000000:queue',
  );
}
