import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireFile } from '../cli/file-error.ts';
import { readConfigFile } from '../cli/read-config.ts';
import { reportToCaller } from '../cli/report-to-caller.ts';
import { createLedger, noneReported, readMetricLine, total } from './accounting.ts';
import { readOptions } from './command-line.ts';
import { enqueue } from './enqueue.ts';
import { startHeapServer } from './heap-simulator/server.ts';
import { LONGEST_TIMEOUT_MS } from './lambda/lambda.ts';
import { readMessages, sampleMessages } from './messages.ts';
import { prepareTransformation, startPipeline } from './pipeline.ts';
import { startQueueServer } from './queue-server.ts';
import { drain } from './queues.ts';
import { printSummary, progressLine } from './summary.ts';

const HELP = `Runs events through the whole pipeline on this machine: an SQS server, the built Lambda function, a Heap simulator.

  npm start                          sends the sample events in events/
  npm start -- --file FILE           sends your own events: any file that heapq enqueue reads; - for standard input
  npm start -- --config FILE         your settings: RudderStack's Config for Heap, as JSON
  npm start -- --transformation FILE another transformation than transformation/transformation.js
  npm start -- --heap-url URL        sends to URL instead of the simulator
  npm start -- --logs                prints the function's log
  npm start -- --long-timeout        sets the function timeout to 15 minutes: for debugging, or on a busy machine

It ends by itself. The exit code is 0 if every event is accounted for.`;

interface StartOptions {
  readonly file: string | undefined;
  readonly config: string;
  readonly transformation: string | undefined;
  readonly heapUrl: string | undefined;
  readonly showsLogs: boolean;
  readonly hasLongTimeout: boolean;
}

await reportToCaller(async () => {
  const values = readOptions('npm start', '--file', {
    file: { type: 'string' },
    config: { type: 'string', default: join(import.meta.dirname, 'settings.json') },
    transformation: { type: 'string' },
    'heap-url': { type: 'string' },
    logs: { type: 'boolean', default: false },
    'long-timeout': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const { file, config, transformation, 'heap-url': heapUrl, logs: showsLogs, 'long-timeout': hasLongTimeout } = values;
  process.exitCode = (await run({ file, config, transformation, heapUrl, showsLogs, hasLongTimeout })) ? 0 : 1;
});

/** @returns whether every event is accounted for */
async function run(options: StartOptions): Promise<boolean> {
  const { file, config, transformation, heapUrl, showsLogs, hasLongTimeout } = options;
  if (file !== undefined && file !== '-') requireFile('--file', file);
  const { json: destinationConfig, settings } = readConfigFile(config);
  const prepared = await prepareTransformation(transformation);
  const ledger = createLedger(settings, prepared.transformEvent);
  const reported = noneReported();
  const problems: string[] = [];
  /** Aborted on Ctrl-C, or when the function has failed: the queue will not become empty. */
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());

  await using resources = new AsyncDisposableStack();
  resources.defer(prepared.remove);
  const queueServer = resources.adopt(await startQueueServer(), (server) => server.stop());
  const simulator =
    heapUrl === undefined ? resources.adopt(await startHeapServer(), (server) => server.stop()) : undefined;
  const pipeline = await startPipeline({
    sqsEndpoint: queueServer.endpoint,
    queuePrefix: 'local',
    destinationConfig,
    heapUrl: heapUrl ?? simulator?.url ?? '',
    bundle: prepared.bundle,
    timeoutMs: hasLongTimeout ? LONGEST_TIMEOUT_MS : undefined,
    onLog(line) {
      readMetricLine(line, reported);
      if (showsLogs && !line.startsWith('{"_aws"')) console.log(line);
    },
    onInvocation({ answer }) {
      if (answer.kind === 'response') return;
      problems.push(`the function failed: ${answer.message}`);
      stopping.abort();
    },
  });
  resources.defer(() => pipeline.stop());
  const { client, queues } = pipeline;

  const startedAt = performance.now();
  const ticking = setInterval(() => progressLine(ledger.counts.events, reported), 200);
  resources.defer(() => clearInterval(ticking));
  let messages = 0;
  await enqueue(client, queues.queueUrl, file === undefined ? sampleMessages() : readMessages(file), {
    onSent(sources) {
      messages += sources.length;
      for (const { body, place } of sources) ledger.add(body, Date.now(), place);
    },
    onRefused: ({ origin }, why) => problems.push(`${origin} was refused by the queue: ${why}`),
  });
  while (!stopping.signal.aborted && (await pipeline.messagesLeft()) > 0) await sleep(50);
  const deadLetters = await drain(client, queues.deadLetterQueueUrl);
  const countAccounted = (): number => reported.delivered + total(reported.filtered) + deadLetters.length;
  const seconds = (performance.now() - startedAt) / 1000;
  const left = await pipeline.messagesLeft();
  // The function's log is complete only after the function has stopped.
  await pipeline.stop();
  if (left > 0) {
    problems.push(`${left} messages are still in the queue`);
  } else {
    if (simulator !== undefined) problems.push(...ledger.differences(simulator.heap.contents(), deadLetters));
    const unaccounted = ledger.counts.events - countAccounted();
    if (unaccounted !== 0) problems.push(`${unaccounted} events are unaccounted for`);
  }
  clearInterval(ticking);
  const heap = simulator?.heap.counts();
  const coldStarts = pipeline.lambda.coldStarts();
  const facts = { expected: ledger.counts, causes: ledger.causes(), transformation: prepared.name };
  printSummary({ messages, seconds, reported, deadLetters, heap, coldStarts, problems, file, ...facts });
  return problems.length === 0;
}
