import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { isObject } from '../lib/json.ts';
import { toHttpEvent } from '../local/http-event.ts';
import { LOCAL_AWS } from '../local/queues.ts';
import { realisticEvents } from './events.ts';

/** The built HTTP endpoint. */
export const HTTP_BUNDLE = join(import.meta.dirname, '..', 'dist', 'ingest', 'ingest.cjs');

/** What the built HTTP endpoint needs around it, in a process of its own. */
export interface StandIns {
  /** The function's environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stop: () => void;
}

/** Starts the stand-ins for SQS and Parameter Store. */
export async function startStandIns(): Promise<StandIns> {
  const child = fork(join(import.meta.dirname, 'stand-ins.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [given]: unknown[] = await once(child, 'message');
  const variables = Object.entries(isObject(given) ? given : {}).map(([name, value]) => [name, String(value)]);
  return {
    environment: {
      ...LOCAL_AWS,
      AWS_LAMBDA_FUNCTION_NAME: 'ingest',
      DESTINATION_CONFIG: '{"appId":"11"}',
      LOG_LEVEL: 'INFO',
      ...Object.fromEntries(variables),
    },
    stop: () => void child.kill(),
  };
}

/** The body of a request with so many events, as an SDK batches them. */
export function batchOf(events: number): string {
  return JSON.stringify({ batch: realisticEvents(events), sentAt: '2026-11-26T00:00:00.000Z' });
}

/** The event that API Gateway makes of a request with this body. */
export function requestOf(body: string): APIGatewayProxyEventV2 {
  const authorization = `Basic ${Buffer.from('local-write-key:').toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json', origin: 'https://shop.example' };
  return toHttpEvent({ method: 'POST', path: '/v1/batch', headers, body: Buffer.from(body) });
}
