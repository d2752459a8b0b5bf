import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { valueAt } from '../../lib/json.ts';
import { COMPILE_CACHE, NO_TRANSFORMATION } from './lambda-harness.ts';

const DEV = join(__dirname, '..', '..', 'local', 'dev.ts');

/** `npm run dev` in a process of its own, on free ports. */
export interface DevProcess {
  /** One of the addresses that it prints with --json. */
  readonly address: (name: string) => string;
  readonly stop: () => Promise<void>;
}

export async function startDev(...args: readonly string[]): Promise<DevProcess> {
  const ports = ['queue', 'heap', 'http', 'view', 'lambda'].flatMap((name) => [`--${name}-port`, '0']);
  const child = spawn(process.execPath, [DEV, '--json', '--long-timeout', ...ports, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...COMPILE_CACHE, ...NO_TRANSFORMATION },
  });
  const ended = once(child, 'exit');
  const printed = once(createInterface({ input: child.stdout }), 'line');
  const [line]: unknown[] = await Promise.race([
    printed,
    ended.then(([code]: unknown[]): never => {
      throw new Error(`npm run dev ended with ${String(code)} before it printed its addresses`);
    }),
  ]);
  const addresses: unknown = JSON.parse(String(line));
  return {
    address: (name) => String(valueAt(addresses, [name])),
    async stop() {
      child.kill();
      await ended;
    },
  };
}
