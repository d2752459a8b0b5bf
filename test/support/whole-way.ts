import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHttpEndpoint, type HttpEndpoint } from '../../local/http-endpoint.ts';
import { noneReported, readMetricLine } from '../../local/accounting.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { HeapContents } from '../../local/heap-simulator/heap.ts';
import { startHeapServer } from '../../local/heap-simulator/server.ts';
import { LONGEST_TIMEOUT_MS } from '../../local/lambda/lambda.ts';
import { startPipeline, type Pipeline } from '../../local/pipeline.ts';
import { KEYS, untilKeysAreRead, WRITE_KEY } from './http-endpoint-harness.ts';
import { COMPILE_CACHE, sqsEndpoint } from './lambda-harness.ts';
import { startUnreliableProxy, type UnreliableProxy } from './unreliable-proxy.ts';

/** HTTP endpoint, queue, forwarder and Heap simulator together, as they run in an AWS account. */
export interface WholeWay {
  readonly httpEndpoint: HttpEndpoint;
  readonly pipeline: Pipeline;
  /** The network between the HTTP endpoint and the queue. */
  readonly network: UnreliableProxy;
  readonly contents: () => HeapContents;
  /** Waits until `isDone` and the queue is empty. `isDone` is for SDKs that send at a time of their own choice. */
  readonly untilDelivered: (isDone?: (contents: HeapContents) => boolean) => Promise<HeapContents>;
  /** How many events the forwarder has filtered, by reason. Stops the forwarder, because its log is complete only then. */
  readonly filtered: () => Promise<Readonly<Record<string, number>>>;
  readonly stop: () => Promise<void>;
}

/**
 * @param config RudderStack's `Config`, which the HTTP endpoint and the forwarder share
 * @param hasKeys false: the HTTP endpoint cannot read its keys until the test sets them
 * @param isWarm false: the first request of the test is the first of the HTTP endpoint
 */
export async function startWholeWay(
  config: JsonObject = {},
  { hasKeys = true, isWarm = true } = {},
): Promise<WholeWay> {
  const destinationConfig = JSON.stringify({ appId: '11', ...config });
  const heapServer = await startHeapServer();
  const reported = noneReported();
  const pipeline = await startPipeline({
    sqsEndpoint: sqsEndpoint(),
    queuePrefix: randomUUID(),
    destinationConfig,
    heapUrl: heapServer.url,
    onLog: (line) => readMetricLine(line, reported),
    timeoutMs: LONGEST_TIMEOUT_MS,
    environment: COMPILE_CACHE,
  });
  const network = await startUnreliableProxy(sqsEndpoint());
  const httpEndpoint = await startHttpEndpoint({
    sqsEndpoint: network.url,
    queueUrl: pipeline.queues.queueUrl,
    deadLetterQueueUrl: pipeline.queues.deadLetterQueueUrl,
    keys: hasKeys ? KEYS : undefined,
    destinationConfig,
    onLog: () => undefined,
    timeoutMs: LONGEST_TIMEOUT_MS,
    environment: COMPILE_CACHE,
  });
  if (hasKeys && isWarm) await untilKeysAreRead(httpEndpoint.url, WRITE_KEY);
  return {
    httpEndpoint,
    pipeline,
    network,
    contents: () => heapServer.heap.contents(),
    async untilDelivered(isDone = () => true) {
      while (!isDone(heapServer.heap.contents()) || (await pipeline.messagesLeft()) > 0) await sleep(50);
      return heapServer.heap.contents();
    },
    async filtered() {
      await pipeline.lambda.stop();
      return reported.filtered;
    },
    async stop() {
      await httpEndpoint.stop();
      await network.stop();
      await pipeline.stop();
      await heapServer.stop();
    },
  };
}
