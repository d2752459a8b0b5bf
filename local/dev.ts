import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportToCaller } from '../cli/report-to-caller.ts';
import { readSettings } from '../lib/rudderstack/settings.ts';
import { isObject } from '../lib/json.ts';
import { startFrontDoor } from './front-door.ts';
import { startHeapServer } from './heap-simulator/server.ts';
import { LONGEST_TIMEOUT_MS } from './lambda/lambda.ts';
import { createObserver } from './live-view/observer.ts';
import { startLiveView, type LiveView } from './live-view/server.ts';
import { startPipeline } from './pipeline.ts';
import { startQueueServer } from './queue-server.ts';

const HELP = `Keeps the whole pipeline running on this machine until it is stopped: the front door, an SQS server with the template's
two queues, the forwarder, the Heap simulator, and a page on which you can watch all of it.

  npm run dev [-- --config FILE --queue-port 4566 --heap-port 4567 --front-door-port 4568 --view-port 4569
                  --no-forwarder --long-timeout --json]

  --config FILE     your settings: RudderStack's Config for Heap, as JSON
  --no-forwarder    leaves the queue alone, for a forwarder that you run yourself
  --long-timeout    lets an invocation take 15 minutes: for a debugger, or a busy machine
  --json            tells the addresses as one line of JSON

What Heap holds: GET /simulator/contents and /simulator/counts of the Heap simulator. To make it fail: POST /simulator/faults
with {"status":503,"times":3}.`;

await reportToCaller(async () => {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', default: join(import.meta.dirname, 'settings.json') },
      'queue-port': { type: 'string', default: '4566' },
      'heap-port': { type: 'string', default: '4567' },
      'front-door-port': { type: 'string', default: '4568' },
      'view-port': { type: 'string', default: '4569' },
      'no-forwarder': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'long-timeout': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const destinationConfig = readFileSync(values.config, 'utf8');
  const keys = readFileSync(join(import.meta.dirname, 'ingest-keys.json'), 'utf8');
  const config: unknown = JSON.parse(destinationConfig);
  const observer = createObserver(readSettings(config, values.config));
  const { endpoint } = await startQueueServer(Number(values['queue-port']));
  const heapServer = await startHeapServer(Number(values['heap-port']), undefined, observer.noteHeapRequest);
  const timeoutMs = values['long-timeout'] ? LONGEST_TIMEOUT_MS : undefined;
  let liveView: LiveView | undefined;
  const pipeline = await startPipeline({
    sqsEndpoint: endpoint,
    queuePrefix: 'local',
    destinationConfig,
    heapUrl: heapServer.url,
    polls: !values['no-forwarder'],
    timeoutMs,
    onLog,
    onInvocation: (invocation) => liveView?.show(observer.passagesOf(invocation)),
  });
  const { client, queues } = pipeline;
  liveView = await startLiveView({
    port: Number(values['view-port']),
    connection: { client, ...queues },
    heap: heapServer.heap,
    config: isObject(config) ? config : {},
  });
  const port = Number(values['front-door-port']);
  const frontDoor = await startFrontDoor({
    sqsEndpoint: endpoint,
    queueUrl: queues.queueUrl,
    keys,
    onLog,
    port,
    timeoutMs,
  });

  const addresses = {
    viewUrl: liveView.url,
    frontDoorUrl: frontDoor.url,
    sqsEndpoint: endpoint,
    heapUrl: heapServer.url,
    ...queues,
  };
  console.log(values.json ? JSON.stringify(addresses) : describe(addresses));
});

/** Metrics are for CloudWatch. */
function onLog(line: string): void {
  if (!line.startsWith('{"_aws"')) console.log(line);
}

function describe({
  viewUrl,
  frontDoorUrl,
  heapUrl,
  queueUrl,
  deadLetterQueueUrl,
}: Readonly<Record<string, string>>): string {
  return `live view           ${viewUrl}
front door          ${frontDoorUrl}   write key local-write-key, webhook secret local-webhook-secret
queue               ${queueUrl}
dead-letter queue   ${deadLetterQueueUrl}
Heap simulator      ${heapUrl}/simulator/contents`;
}
