import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { readTemplate } from '../../infra/template.ts';
import { startFrontDoor, type FrontDoor } from '../../local/front-door.ts';
import { createLocalClient, createLocalQueues, drain, type LocalQueues } from '../../local/queues.ts';
import { sqsEndpoint } from './lambda-harness.ts';

export const WRITE_KEY = 'a-write-key-for-tests';
export const DISABLED_KEY = 'a-key-of-a-disabled-source';
export const WEBHOOK_SECRET = 'a-webhook-secret-for-tests';

export const KEYS = JSON.stringify({
  writeKeys: { app: WRITE_KEY, retired: DISABLED_KEY },
  webhookSecrets: { workspace: WEBHOOK_SECRET },
  disabledSources: ['retired'],
});

/** The built front door behind an HTTP API, before a real SQS API that nobody reads but the test. */
export interface FrontDoorHarness {
  readonly frontDoor: FrontDoor;
  readonly client: SQSClient;
  readonly queues: LocalQueues;
  readonly logs: string[];
  /** Whether the function has logged something with this text; a line may come later than the answer. */
  readonly hasLogged: (text: string) => Promise<boolean>;
  /** A request; with the write key, unless it brings an authorization of its own. */
  readonly request: (path: string, init?: RequestInit) => Promise<Answer>;
  /** Takes what is in the queue. */
  readonly messages: () => Promise<readonly Message[]>;
  readonly stop: () => Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export async function startFrontDoorHarness(endpoint = sqsEndpoint()): Promise<FrontDoorHarness> {
  const client = createLocalClient(sqsEndpoint());
  const template = readTemplate(join(__dirname, '..', '..', 'template.yaml'));
  const queues = await createLocalQueues(client, sqsEndpoint(), template, randomUUID());
  const logs: string[] = [];
  const frontDoor = await startFrontDoor({
    sqsEndpoint: endpoint,
    queueUrl: queues.queueUrl,
    keys: KEYS,
    onLog: (line) => logs.push(line),
  });
  return {
    frontDoor,
    client,
    queues,
    logs,
    async hasLogged(text) {
      for (let waits = 0; waits < 100 && !logs.some((line) => line.includes(text)); waits += 1) await sleep(50);
      return logs.some((line) => line.includes(text));
    },
    async request(path, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has('authorization')) headers.set('authorization', basic(WRITE_KEY));
      const response = await fetch(`${frontDoor.url}${path}`, { ...init, headers });
      return { status: response.status, text: await response.text(), headers: response.headers };
    },
    messages: () => drain(client, queues.queueUrl),
    async stop() {
      await frontDoor.stop();
      client.destroy();
    },
  };
}

/** Basic authorization as the SDKs send it: the write key as user, no password. */
export function basic(writeKey: string): string {
  return `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`;
}
