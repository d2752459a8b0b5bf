import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportToCaller } from '../cli/report-to-caller.ts';
import { readSettings } from '../lib/rudderstack/settings.ts';
import { isObject } from '../lib/json.ts';
import { startHttpEndpoint } from './http-endpoint.ts';
import { startHeapServer } from './heap-simulator/server.ts';
import { createLambdaDestination, startInvokeApi } from './lambda-destination.ts';
import { LONGEST_TIMEOUT_MS } from './lambda/lambda.ts';
import { createObserver } from './live-view/observer.ts';
import { startLiveView, type LiveView } from './live-view/server.ts';
import { startPipeline } from './pipeline.ts';
import { startQueueServer } from './queue-server.ts';

const HELP = `Runs the whole pipeline on this machine until you stop it: the HTTP endpoint, the Lambda destination, an SQS server with
the two queues of template.yaml, the forwarder, the Heap simulator, and a live view of all of it.

  npm run dev [-- --config FILE --queue-port 4566 --heap-port 4567 --http-port 4568 --view-port 4569
                  --lambda-port 4570 --no-forwarder --long-timeout --json]

  --config FILE     your settings: RudderStack's Config for Heap, as JSON
  --no-forwarder    does not read the queue: for a forwarder that you run yourself
  --long-timeout    sets the function timeout to 15 minutes: for debugging, or on a busy machine
  --json            prints the addresses as one line of JSON

The Heap simulator shows what it holds at GET /simulator/contents and GET /simulator/counts. To make it fail,
POST {"status":503,"times":3} to /simulator/faults.`;

await reportToCaller(async () => {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', default: join(import.meta.dirname, 'settings.json') },
      'queue-port': { type: 'string', default: '4566' },
      'heap-port': { type: 'string', default: '4567' },
      'http-port': { type: 'string', default: '4568' },
      'view-port': { type: 'string', default: '4569' },
      'lambda-port': { type: 'string', default: '4570' },
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
  const settings = readSettings(config, values.config);
  const observer = createObserver(settings);
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
  const port = Number(values['http-port']);
  const httpEndpoint = await startHttpEndpoint({
    sqsEndpoint: endpoint,
    queueUrl: queues.queueUrl,
    deadLetterQueueUrl: queues.deadLetterQueueUrl,
    keys,
    destinationConfig,
    onLog,
    port,
    timeoutMs,
  });
  const lambdaDestination = createLambdaDestination({ sqsEndpoint: endpoint, queues, onLog });
  const lambdaApi = await startInvokeApi(lambdaDestination, Number(values['lambda-port']));
  liveView = await startLiveView({
    port: Number(values['view-port']),
    connection: { client, ...queues },
    heap: heapServer.heap,
    config: isObject(config) ? config : {},
    deviceMode: { isDeviceMode: settings.isWebDeviceMode, endpoint: httpEndpoint.url, writeKey: 'local-write-key' },
  });

  const addresses = {
    viewUrl: liveView.url,
    httpEndpointUrl: httpEndpoint.url,
    lambdaUrl: lambdaApi.url,
    sqsEndpoint: endpoint,
    heapUrl: heapServer.url,
    ...queues,
  };
  console.log(values.json ? JSON.stringify(addresses) : describe(addresses));
});

/** Prints the function's log, except for its metrics, which are meant for CloudWatch. */
function onLog(line: string): void {
  if (!line.startsWith('{"_aws"')) console.log(line);
}

function describe({
  viewUrl,
  httpEndpointUrl,
  lambdaUrl,
  heapUrl,
  queueUrl,
  deadLetterQueueUrl,
}: Readonly<Record<string, string>>): string {
  return `live view           ${viewUrl}
device mode         ${viewUrl}/device-mode   the Web SDK with this pipeline, in a browser
HTTP endpoint       ${httpEndpointUrl}   write key local-write-key, webhook secret local-webhook-secret
Lambda destination  ${lambdaUrl}   Lambda's Invoke, with the invocation type Event and any function name
queue               ${queueUrl}
dead-letter queue   ${deadLetterQueueUrl}
Heap simulator      ${heapUrl}/simulator/contents`;
}
