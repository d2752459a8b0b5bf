import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decide } from '../../lib/mapping/decide.ts';
import { ENDPOINTS } from '../../lib/heap/api.ts';
import { enqueue } from '../../local/enqueue.ts';
import { startHeapServer } from '../../local/heap-simulator/server.ts';
import { startPipeline } from '../../local/pipeline.ts';
import { startQueueServer } from '../../local/queue-server.ts';
import { isObject } from '../../lib/json.ts';
import { realisticEvents, SETTINGS } from '../events.ts';
import type { Row } from '../row.ts';

/** Less than what may be sent at once, half of a minute's rate limit: this measures speed, not the rate limiter. */
const EVENTS = 7000;
const ONE_BY_ONE = 2000;

export async function measure(): Promise<Row> {
  const events = realisticEvents(EVENTS);
  const whole = await throughThePipeline(events.map((event) => JSON.stringify(event)));
  const single = await oneByOne(events.slice(0, ONE_BY_ONE));
  return {
    what: `End to end with the embedded queue, ${EVENTS} events`,
    measured: { what: 'from the first send to the last one in Heap', unit: 'events/s', value: EVENTS / whole.seconds },
    baseline: { what: 'posted one by one to the same simulator', unit: 'events/s', value: ONE_BY_ONE / single },
    goal: { of: 'nothing' },
    notes: [
      `${whole.seconds.toFixed(2)} s, of which ${whole.enqueuing.toFixed(2)} s until the last event was in the queue; ` +
        `${whole.invocations} invocations, ${whole.coldStarts} cold starts, ${whole.ownSeconds.toFixed(2)} s in the function, ` +
        `${whole.heapSeconds.toFixed(2)} s of them waiting for the simulator; the rest is the embedded queue`,
    ],
  };
}

async function throughThePipeline(bodies: readonly string[]) {
  await using resources = new AsyncDisposableStack();
  const queueServer = resources.adopt(await startQueueServer(), (server) => server.stop());
  const heap = resources.adopt(await startHeapServer(), (server) => server.stop());
  let invocations = 0;
  let heapMs = 0;
  let ownMs = 0;
  let delivered = 0;
  const pipeline = await startPipeline({
    sqsEndpoint: queueServer.endpoint,
    queuePrefix: randomUUID(),
    destinationConfig: '{"appId":"11"}',
    heapUrl: heap.url,
    environment: { MAXIMUM_CONCURRENCY: '1' },
    onLog(line) {
      const logged: unknown = JSON.parse(line);
      if (!isObject(logged) || logged['code'] !== 'batch_forwarded') return;
      heapMs += Number(logged['heapMs']);
      delivered += Number(logged['delivered']);
    },
    onInvocation({ durationMs }) {
      invocations += 1;
      ownMs += durationMs;
    },
  });
  resources.defer(() => pipeline.stop());
  const startedAt = performance.now();
  const sources = bodies.map((body) => ({ body, origin: 'bench' }));
  await enqueue(pipeline.client, pipeline.queues.queueUrl, sources, {
    onSent: () => undefined,
    onRefused(_, why) {
      throw new Error(why);
    },
  });
  const enqueuing = performance.now() - startedAt;
  while (delivered < bodies.length) await sleep(5);
  return {
    seconds: (performance.now() - startedAt) / 1000,
    enqueuing: enqueuing / 1000,
    invocations,
    coldStarts: pipeline.lambda.coldStarts(),
    ownSeconds: ownMs / 1000,
    heapSeconds: heapMs / 1000,
  };
}

/** A destination without bulk requests: one event per request, sequentially, over one connection. Returns seconds. */
async function oneByOne(events: readonly Readonly<Record<string, unknown>>[]): Promise<number> {
  const heap = await startHeapServer();
  const startedAt = performance.now();
  for (const event of events) {
    const decision = decide(event, SETTINGS);
    if (decision.kind !== 'mapped') throw new Error('the benchmark needs events that Heap gets');
    const { appId, kind, payload } = decision.call;
    const { path, list } = ENDPOINTS[kind];
    const body = JSON.stringify({ app_id: appId, [list]: [payload] });
    const response = await fetch(heap.url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    await response.text();
    if (response.status !== 200) throw new Error(`the simulator answered ${response.status}`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await heap.stop();
  return seconds;
}
