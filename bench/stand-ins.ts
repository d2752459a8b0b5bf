import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTemplate } from '../infra/template.ts';
import { startParameterStore } from '../local/parameter-store.ts';
import { createLocalClient, createLocalQueues } from '../local/queues.ts';
import { startQueueServer } from '../local/queue-server.ts';

/**
 * Starts what the HTTP endpoint's function needs around it, and sends the function's environment variables to the process that has
 * started this one. In a process of its own, because its CPU time must not count.
 */
const ROOT = join(import.meta.dirname, '..');
const KEYS_PARAMETER = '/bench/ingest-keys';

const queueServer = await startQueueServer();
const keys = readFileSync(join(ROOT, 'local', 'ingest-keys.json'), 'utf8');
const parameterStore = await startParameterStore(new Map([[KEYS_PARAMETER, keys]]));
const template = readTemplate(join(ROOT, 'template.yaml'));
const client = createLocalClient(queueServer.endpoint);
const { queueUrl } = await createLocalQueues(client, queueServer.endpoint, template, randomUUID());
process.send?.({
  QUEUE_URL: queueUrl,
  DEAD_LETTER_QUEUE_URL: queueUrl,
  AWS_ENDPOINT_URL_SQS: queueServer.endpoint,
  AWS_ENDPOINT_URL_SSM: parameterStore.url,
  INGEST_KEYS_PARAMETER: KEYS_PARAMETER,
});
