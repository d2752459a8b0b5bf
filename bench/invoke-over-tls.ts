import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { valueAt } from '../lib/json.ts';
import { FUNCTION_ENVIRONMENT } from './rows/cold-start.ts';

const INVOKE_ONCE = join(import.meta.dirname, 'invoke-once.mjs');
const TLS_HEAP = join(import.meta.dirname, 'tls-heap.ts');

/** What one invocation in a fresh process took. */
export interface Once {
  /** From the start of the process to the response, in ms. */
  readonly wallMs: number;
  /** The same as CPU time. */
  readonly cpuMs: number;
  /** The invocation alone, in ms: what Lambda bills besides loading. */
  readonly invocationMs: number;
}

/** Bundles that are invoked in fresh processes, with a Heap that speaks TLS. */
export interface TlsBench extends Disposable {
  /** A folder for files, which is deleted at the end. */
  readonly folder: string;
  /** Invokes a bundle with the event. */
  readonly invoke: (bundle: string) => Promise<Once>;
}

/**
 * Starts a Heap that speaks TLS.
 *
 * @param event of SQS, as JSON
 * @param heapDelayMs how long Heap takes to answer, in ms
 */
export async function startTlsBench(event: string, heapDelayMs: number): Promise<TlsBench> {
  const folder = mkdtempSync(join(tmpdir(), 'over-tls-'));
  const heap = fork(TLS_HEAP, [String(heapDelayMs)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [told]: unknown[] = await once(heap, 'message');
  const payload = join(folder, 'event.json');
  writeFileSync(payload, event);
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, String(valueAt(told, ['cert'])));
  const env = {
    ...FUNCTION_ENVIRONMENT,
    HEAP_BASE_URL: String(valueAt(told, ['url'])),
    MAXIMUM_CONCURRENCY: '1',
    NODE_EXTRA_CA_CERTS: ca,
  };
  return {
    folder,
    async invoke(bundle) {
      const { stdout } = await promisify(execFile)(process.execPath, [INVOKE_ONCE, bundle, payload], { env });
      const [wallMs, cpuMs, invocationMs] = /^times (.+)$/m.exec(stdout)?.[1]?.split(' ').map(Number) ?? [];
      if (wallMs === undefined || cpuMs === undefined || invocationMs === undefined) {
        throw new Error(`no measurement: ${stdout}`);
      }
      return { wallMs, cpuMs, invocationMs };
    },
    [Symbol.dispose]() {
      heap.kill();
      rmSync(folder, { recursive: true });
    },
  };
}
