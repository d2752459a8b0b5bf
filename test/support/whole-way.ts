import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFrontDoor, type FrontDoor } from '../../local/front-door.ts';
import type { HeapContents } from '../../local/heap-simulator/heap.ts';
import { startHeapServer } from '../../local/heap-simulator/server.ts';
import { startPipeline, type Pipeline } from '../../local/pipeline.ts';
import { KEYS } from './front-door-harness.ts';
import { sqsEndpoint } from './lambda-harness.ts';
import { startUnreliableProxy, type UnreliableProxy } from './unreliable-proxy.ts';

/** Front door, queue, forwarder and Heap simulator, as they run in an account. */
export interface WholeWay {
  readonly frontDoor: FrontDoor;
  readonly pipeline: Pipeline;
  /** Between the front door and the queue. */
  readonly network: UnreliableProxy;
  readonly contents: () => HeapContents;
  /** Waits until the queue is empty and `isDone`. */
  readonly settled: (isDone: (contents: HeapContents) => boolean) => Promise<HeapContents>;
  readonly stop: () => Promise<void>;
}

const MOST_WAITS = 200;

export async function startWholeWay(): Promise<WholeWay> {
  const heapServer = await startHeapServer();
  const pipeline = await startPipeline({
    sqsEndpoint: sqsEndpoint(),
    queuePrefix: randomUUID(),
    destinationConfig: '{"appId":"11"}',
    heapUrl: heapServer.url,
    onLog: () => undefined,
  });
  const network = await startUnreliableProxy(sqsEndpoint());
  const frontDoor = await startFrontDoor({
    sqsEndpoint: network.url,
    queueUrl: pipeline.queues.queueUrl,
    keys: KEYS,
    onLog: () => undefined,
  });
  return {
    frontDoor,
    pipeline,
    network,
    contents: () => heapServer.heap.contents(),
    async settled(isDone) {
      for (let waits = 0; waits < MOST_WAITS; waits += 1) {
        if (isDone(heapServer.heap.contents()) && (await pipeline.messagesLeft()) === 0) break;
        await sleep(50);
      }
      return heapServer.heap.contents();
    },
    async stop() {
      await frontDoor.stop();
      await network.stop();
      await pipeline.stop();
      await heapServer.stop();
    },
  };
}
