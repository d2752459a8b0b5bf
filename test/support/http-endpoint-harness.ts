import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { readTemplate } from '../../infra/template.ts';
import { startHttpEndpoint, type HttpEndpoint, type HttpEndpointOptions } from '../../local/http-endpoint.ts';
import { LONGEST_TIMEOUT_MS } from '../../local/lambda/lambda.ts';
import { createLocalClient, createLocalQueues, drain, type LocalQueues } from '../../local/queues.ts';
import { COMPILE_CACHE, sqsEndpoint } from './lambda-harness.ts';

export const WRITE_KEY = 'a-write-key-for-tests';
export const DISABLED_KEY = 'a-key-of-a-disabled-source';
export const WEBHOOK_SECRET = 'a-webhook-secret-for-tests';

export const KEYS = JSON.stringify({
  writeKeys: { app: WRITE_KEY, retired: DISABLED_KEY },
  webhookSecrets: { workspace: WEBHOOK_SECRET },
  disabledSources: ['retired'],
});

/** The built HTTP endpoint behind an HTTP API. It sends to a real SQS API, whose queues only the test reads. */
export interface HttpEndpointHarness {
  readonly httpEndpoint: HttpEndpoint;
  readonly client: SQSClient;
  readonly queues: LocalQueues;
  /** The function's complete log. Stops the function, because its log is complete only then. */
  readonly wholeLog: () => Promise<string>;
  /** Sends a request, with the write key unless `init` has an authorization header. */
  readonly request: (path: string, init?: RequestInit) => Promise<Answer>;
  /** Receives and deletes all messages in the queue. */
  readonly messages: () => Promise<readonly Message[]>;
  /** The same for the dead-letter queue. */
  readonly deadLetters: () => Promise<readonly Message[]>;
  readonly stop: () => Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export async function startHttpEndpointHarness(
  endpoint = sqsEndpoint(),
  options: Partial<Pick<HttpEndpointOptions, 'destinationConfig' | 'throttle'>> = {},
): Promise<HttpEndpointHarness> {
  const client = createLocalClient(sqsEndpoint());
  const template = readTemplate(join(__dirname, '..', '..', 'template.yaml'));
  const queues = await createLocalQueues(client, sqsEndpoint(), template, randomUUID());
  const logs: string[] = [];
  const httpEndpoint = await startHttpEndpoint({
    sqsEndpoint: endpoint,
    queueUrl: queues.queueUrl,
    deadLetterQueueUrl: queues.deadLetterQueueUrl,
    keys: KEYS,
    onLog: (line) => logs.push(line),
    timeoutMs: LONGEST_TIMEOUT_MS,
    environment: COMPILE_CACHE,
    ...options,
  });
  await untilKeysAreRead(httpEndpoint.url, WRITE_KEY);
  return {
    httpEndpoint,
    client,
    queues,
    async wholeLog() {
      await httpEndpoint.lambda.stop();
      return logs.join('\n');
    },
    async request(path, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has('authorization')) headers.set('authorization', basic(WRITE_KEY));
      const response = await fetch(`${httpEndpoint.url}${path}`, { ...init, headers });
      return { status: response.status, text: await response.text(), headers: response.headers };
    },
    messages: () => drain(client, queues.queueUrl),
    deadLetters: () => drain(client, queues.deadLetterQueueUrl),
    async stop() {
      await httpEndpoint.stop();
      client.destroy();
    },
  };
}

/**
 * Waits until the function has read its keys. After a start that may take more than three seconds on a machine under load, and
 * then its answer has no ETag.
 */
export async function untilKeysAreRead(url: string, writeKey: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/sourceConfig`, { headers: { authorization: basic(writeKey) } });
    await response.arrayBuffer();
    if (response.status !== 200 || response.headers.has('etag')) return;
  }
}

/** Basic authorization as the SDKs send it: the write key as user, no password. */
export function basic(writeKey: string): string {
  return `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`;
}
