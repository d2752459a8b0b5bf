import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isObject } from '../lib/json.ts';
import { startHeapServer } from './heap-simulator/server.ts';
import { toRecord } from './lambda/event-source-mapping.ts';
import { createLambda } from './lambda/lambda.ts';
import { sampleMessages } from './messages.ts';

/**
 * Prints the cost of a million events for several batch sizes. The function's own run time and the size of its log are
 * measured with the built bundle. Prices, Heap's response time and the function's memory are inputs.
 */

/** List prices in us-east-1, in dollars. */
const PRICES = {
  lambdaGbSecond: 0.0000133334, // arm64
  lambdaRequest: 0.2 / 1e6,
  sqsRequest: 0.4 / 1e6, // standard queue, 64 KB each
  logGb: 0.5,
};
const EVENTS = 1_000_000;
/** The log lines that Lambda itself writes for an invocation, in bytes: start, end and report, as JSON. */
const PLATFORM_LOG_BYTES = 1000;
/** A batch with identify and track events needs two sequential requests to Heap. */
const REQUESTS_PER_BATCH = 2;
/** The memory at which Lambda gives a function one full vCPU, in MB. */
const MEMORY_PER_VCPU_MB = 1769;
const INVOCATIONS = 7;

const { values } = parseArgs({
  options: { 'heap-ms': { type: 'string', default: '300' }, memory: { type: 'string', default: '512' } },
});
const heapMs = Number(values['heap-ms']);
const memoryMb = Number(values.memory);

interface Measured {
  readonly ownMs: number;
  readonly logBytes: number;
}

async function measure(batchSize: number): Promise<Measured> {
  await using resources = new AsyncDisposableStack();
  const heap = resources.adopt(await startHeapServer(), (server) => server.stop());
  let logBytes = 0;
  const lambda = createLambda({
    bundle: join(import.meta.dirname, '..', 'dist', 'forward', 'forward.mjs'),
    timeoutMs: 60_000,
    onLog: (line) => (logBytes += Buffer.byteLength(line) + 1),
    environment: {
      DESTINATION_CONFIG: '{"appId":"1"}',
      QUEUE_URL: 'http://127.0.0.1/queue',
      DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1/dead-letters',
      HEAP_BASE_URL: heap.url,
      SERVICE_NAME: 'rudderstack-heap',
    },
  });
  resources.defer(() => lambda.stop());

  const samples = sampleMessages().filter(({ origin }) => !origin.startsWith('sqs/'));
  const times: number[] = [];
  for (let invocation = 0; invocation <= INVOCATIONS; invocation += 1) {
    const Records = Array.from({ length: batchSize }, (_, index) => {
      const event: unknown = JSON.parse(samples[index % samples.length]?.body ?? '{}');
      const messageId = `${invocation}-${index}`;
      const Body = JSON.stringify({ ...(isObject(event) ? event : {}), messageId, userId: `user-${messageId}` });
      const Attributes = { SentTimestamp: String(Date.now()), ApproximateReceiveCount: '1' };
      return toRecord({ MessageId: messageId, Body, Attributes }, 'arn:aws:sqs:us-east-1:000000000000:queue');
    });
    // The first invocation is a cold start and is not measured.
    if (invocation === 1) {
      await sleep(300);
      logBytes = 0;
    }
    const startedAt = performance.now();
    await lambda.invoke({ Records });
    times.push(performance.now() - startedAt);
  }
  await sleep(300);
  const [median = 0] = times
    .slice(1)
    .toSorted((a, b) => a - b)
    .slice(Math.floor(INVOCATIONS / 2));
  return { ownMs: median, logBytes: logBytes / INVOCATIONS };
}

const dollars = (amount: number): string => `$${amount.toFixed(3)}`;

console.log('| batch | SQS | Lambda | logs | a million events |\n| --- | --- | --- | --- | --- |');
for (const batchSize of [10, 100, 1000]) {
  const { ownMs, logBytes } = await measure(batchSize);
  const invocations = EVENTS / batchSize;
  const seconds = (REQUESTS_PER_BATCH * heapMs + ownMs * (MEMORY_PER_VCPU_MB / memoryMb)) / 1000;
  // Messages are sent, received and deleted in batches of ten.
  const sqs = ((3 * EVENTS) / 10) * PRICES.sqsRequest;
  const lambda = invocations * (seconds * (memoryMb / 1024) * PRICES.lambdaGbSecond + PRICES.lambdaRequest);
  const logs = ((invocations * (logBytes + PLATFORM_LOG_BYTES)) / 1e9) * PRICES.logGb;
  console.log(`| ${batchSize} | ${[sqs, lambda, logs, sqs + lambda + logs].map(dollars).join(' | ')} |`);
}
