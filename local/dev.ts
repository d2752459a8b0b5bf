import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfigFile } from '../cli/read-config.ts';
import { reportToCaller } from '../cli/report-to-caller.ts';
import { noneReported, readMetricLine } from './accounting.ts';
import { listen, readOptions, readPort } from './command-line.ts';
import { startHttpEndpoint } from './http-endpoint.ts';
import { startHeapServer } from './heap-simulator/server.ts';
import { createLambdaDestination, startInvokeApi } from './lambda-destination.ts';
import { LONGEST_TIMEOUT_MS } from './lambda/lambda.ts';
import { createObserver } from './live-view/observer.ts';
import { startLiveView, type LiveView } from './live-view/server.ts';
import { prepareTransformation, startPipeline } from './pipeline.ts';
import { startQueueServer } from './queue-server.ts';

const HELP = `Runs the whole pipeline on this machine until you stop it: the HTTP endpoint, the Lambda destination, an SQS server with
the two queues of template.yaml, the forwarder, the Heap simulator, and a live view of all of it.

  npm run dev [-- --config FILE --transformation FILE --queue-port 4566 --heap-port 4567 --http-port 4568 --view-port 4569
                  --lambda-port 4570 --no-forwarder --long-timeout --json]

  --config FILE     your settings: RudderStack's Config for Heap, as JSON
  --transformation FILE  another transformation than transformation/transformation.js
  --no-forwarder    does not read the queue: for a forwarder that you run yourself
  --long-timeout    sets the function timeout to 15 minutes: for debugging, or on a busy machine
  --json            prints the addresses as one line of JSON

The Heap simulator shows what it holds at GET /simulator/contents and GET /simulator/counts. To make it fail,
POST {"status":503,"times":3} to /simulator/faults.`;

const WRITE_KEY = 'local-write-key';
const PORTS = {
  'queue-port': { type: 'string', default: '4566' },
  'heap-port': { type: 'string', default: '4567' },
  'http-port': { type: 'string', default: '4568' },
  'view-port': { type: 'string', default: '4569' },
  'lambda-port': { type: 'string', default: '4570' },
} as const;

interface DevOptions {
  readonly config: string;
  readonly transformation: string | undefined;
  readonly ports: Readonly<Record<keyof typeof PORTS, string>>;
  readonly polls: boolean;
  readonly timeoutMs: number | undefined;
}

await reportToCaller(async () => {
  const values = readOptions('npm run dev', '--config', {
    ...PORTS,
    config: { type: 'string', default: join(import.meta.dirname, 'settings.json') },
    transformation: { type: 'string' },
    'no-forwarder': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'long-timeout': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const {
    config,
    transformation,
    json,
    'no-forwarder': hasNoForwarder,
    'long-timeout': hasLongTimeout,
    help: _,
    ...ports
  } = values;
  for (const [name, value] of Object.entries(ports)) readPort(`--${name}`, value);
  const timeoutMs = hasLongTimeout ? LONGEST_TIMEOUT_MS : undefined;
  await using started = new AsyncDisposableStack();
  const addresses = await start({ config, transformation, ports, polls: !hasNoForwarder, timeoutMs }, started);
  // Everything runs until the process is stopped. Before that, a failure stops what has been started.
  started.move();
  console.log(json ? JSON.stringify(addresses) : describe(addresses));
});

async function start(
  { config: configFile, transformation, ports, polls, timeoutMs }: DevOptions,
  started: AsyncDisposableStack,
): Promise<Readonly<Record<string, string>>> {
  const { json: destinationConfig, config, settings } = readConfigFile(configFile);
  const keys = readFileSync(join(import.meta.dirname, 'ingest-keys.json'), 'utf8');
  const prepared = await prepareTransformation(transformation);
  const { transformEvent } = prepared;
  started.defer(prepared.remove);
  const observer = createObserver(settings, transformEvent);
  const reported = noneReported();
  let liveView: LiveView | undefined;
  const at = async <Server extends { stop(): Promise<void> }>(
    name: keyof typeof PORTS,
    startAt: (port: number) => Promise<Server>,
  ): Promise<Server> => started.adopt(await listen(`--${name}`, ports[name], startAt), (server) => server.stop());

  const queueServer = await at('queue-port', startQueueServer);
  const heapServer = await at('heap-port', (port) => startHeapServer(port, undefined, observer.noteHeapRequest));
  const sqsEndpoint = queueServer.endpoint;
  const pipeline = await startPipeline({
    sqsEndpoint,
    queuePrefix: 'local',
    destinationConfig,
    heapUrl: heapServer.url,
    bundle: prepared.bundle,
    polls,
    timeoutMs,
    onLog(line) {
      readMetricLine(line, reported);
      onLog(line);
    },
    onInvocation: (invocation) => liveView?.show(observer.passagesOf(invocation)),
  });
  started.defer(() => pipeline.stop());
  const { client, queues } = pipeline;
  const { queueUrl, deadLetterQueueUrl } = queues;
  const httpEndpoint = await at('http-port', (port) =>
    startHttpEndpoint({ sqsEndpoint, queueUrl, deadLetterQueueUrl, keys, destinationConfig, onLog, port, timeoutMs }),
  );
  const lambdaDestination = createLambdaDestination({ sqsEndpoint, queues, onLog });
  started.defer(() => lambdaDestination.stop());
  const lambdaApi = await at('lambda-port', (port) => startInvokeApi(lambdaDestination, port));
  liveView = await at('view-port', (port) =>
    startLiveView({
      port,
      connection: { client, ...queues },
      queueServer,
      reported,
      heap: heapServer.heap,
      config,
      transformEvent,
      httpEndpoint: { isDeviceMode: settings.isWebDeviceMode, endpoint: httpEndpoint.url, writeKey: WRITE_KEY },
    }),
  );
  return {
    viewUrl: liveView.url,
    httpEndpointUrl: httpEndpoint.url,
    lambdaUrl: lambdaApi.url,
    sqsEndpoint,
    heapUrl: heapServer.url,
    ...queues,
    ...(prepared.name !== undefined && { transformation: prepared.name }),
  };
}

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
  transformation,
}: Readonly<Record<string, string>>): string {
  return `live view           ${viewUrl}
device mode         ${viewUrl}/device-mode   the Web SDK with this pipeline, in a browser
HTTP endpoint       ${httpEndpointUrl}   write key local-write-key, webhook secret local-webhook-secret
Lambda destination  ${lambdaUrl}   Lambda's Invoke, with the invocation type Event and any function name
queue               ${queueUrl}
dead-letter queue   ${deadLetterQueueUrl}
Heap simulator      ${heapUrl}/simulator/contents${transformation === undefined ? '' : `\ntransformation      ${transformation}`}`;
}
