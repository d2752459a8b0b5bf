import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHttpEndpoint, type HttpEndpoint } from '../../local/http-endpoint.ts';
import type { HeapContents } from '../../local/heap-simulator/heap.ts';
import { startHeapServer } from '../../local/heap-simulator/server.ts';
import { LONGEST_TIMEOUT_MS } from '../../local/lambda/lambda.ts';
import { startPipeline, type Pipeline } from '../../local/pipeline.ts';
import { KEYS, untilKeysAreRead, WRITE_KEY } from './http-endpoint-harness.ts';
import { sqsEndpoint } from './lambda-harness.ts';
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
  readonly stop: () => Promise<void>;
}

export async function startWholeWay(): Promise<WholeWay> {
  const heapServer = await startHeapServer();
  const pipeline = await startPipeline({
    sqsEndpoint: sqsEndpoint(),
    queuePrefix: randomUUID(),
    destinationConfig: '{"appId":"11"}',
    heapUrl: heapServer.url,
    onLog: () => undefined,
    timeoutMs: LONGEST_TIMEOUT_MS,
  });
  const network = await startUnreliableProxy(sqsEndpoint());
  const httpEndpoint = await startHttpEndpoint({
    sqsEndpoint: network.url,
    queueUrl: pipeline.queues.queueUrl,
    keys: KEYS,
    onLog: () => undefined,
    timeoutMs: LONGEST_TIMEOUT_MS,
  });
  await untilKeysAreRead(httpEndpoint.url, WRITE_KEY);
  return {
    httpEndpoint,
    pipeline,
    network,
    contents: () => heapServer.heap.contents(),
    async untilDelivered(isDone = () => true) {
      while (!isDone(heapServer.heap.contents()) || (await pipeline.messagesLeft()) > 0) await sleep(50);
      return heapServer.heap.contents();
    },
    async stop() {
      await httpEndpoint.stop();
      await network.stop();
      await pipeline.stop();
      await heapServer.stop();
    },
  };
}
