import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ConfigurationError, readSettings } from '../lib/config.ts';
import { createLedger, noneReported, readMetricLine, total } from './accounting.ts';
import { enqueue } from './enqueue.ts';
import { startHeapServer } from './heap-simulator/server.ts';
import { readMessages, sampleMessages } from './messages.ts';
import { startPipeline } from './pipeline.ts';
import { startQueueServer } from './queue-server.ts';
import { drain } from './queues.ts';
import { printSummary, progressLine } from './summary.ts';

const HELP = `Runs the whole pipeline on this machine: an SQS server, the built Lambda, a Heap simulator.

  npm start                          the sample events of events/
  npm start -- --file FILE           your own events: NDJSON, .gz too, - for standard input
  npm start -- --config FILE         your settings: RudderStack's Config for Heap, as JSON
  npm start -- --heap-url URL        posts to URL instead of the simulator
  npm start -- --logs                shows what the function logs
`;

const { values: options } = parseArgs({
  options: {
    file: { type: 'string' },
    config: { type: 'string', default: join(import.meta.dirname, 'settings.json') },
    'heap-url': { type: 'string' },
    logs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(HELP);
} else {
  try {
    process.exitCode = await run();
  } catch (error) {
    // A wrong file or setting is the caller's: one line says what it is. Anything else is ours and keeps its stack.
    const isCallers = error instanceof ConfigurationError || (error instanceof Error && 'code' in error);
    if (!isCallers) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** @returns the exit code: 0 when everything is accounted for */
async function run(): Promise<number> {
  const destinationConfig = readFileSync(options.config, 'utf8');
  const ledger = createLedger(readSettings(parseJson(destinationConfig, options.config), options.config));
  const reported = noneReported();
  const problems: string[] = [];
  /** Aborted when waiting any longer makes no sense. */
  const over = new AbortController();
  process.once('SIGINT', () => over.abort());

  const simulator = options['heap-url'] === undefined ? await startHeapServer() : undefined;
  const queueServer = await startQueueServer();
  const pipeline = await startPipeline({
    sqsEndpoint: queueServer.endpoint,
    queuePrefix: 'local',
    destinationConfig,
    heapUrl: options['heap-url'] ?? simulator?.url ?? '',
    onLog(line) {
      readMetricLine(line, reported);
      if (options.logs && !line.startsWith('{"_aws"')) console.log(line);
    },
    onInvocation({ answer }) {
      if (answer.kind === 'response') return;
      over.abort();
      problems.push(`the function failed: ${answer.message}`);
    },
  });
  const startedAt = performance.now();
  let messages = 0;
  const progress = setInterval(() => progressLine(ledger.counts.events, reported), 200);
  try {
    await enqueue(
      pipeline.client,
      pipeline.queues.queueUrl,
      options.file === undefined ? sampleMessages() : readMessages(options.file),
      {
        onSent(sources) {
          messages += sources.length;
          for (const { body } of sources) ledger.add(body);
        },
        onRefused: ({ origin }, why) => problems.push(`${origin} was not taken by the queue: ${why}`),
      },
    );
    while (!over.signal.aborted && (await pipeline.messagesLeft()) > 0) await sleep(50);
    // The function's last lines may still be on their way through the pipe.
    for (let waited = 0; waited < 40 && reportedEvents() < ledger.counts.events; waited += 1) await sleep(25);
  } finally {
    clearInterval(progress);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const left = await pipeline.messagesLeft();
  const letters = await drain(pipeline.client, pipeline.queues.deadLetterQueueUrl);

  if (left > 0) problems.push(`${left} messages are still in the queue`);
  if (simulator !== undefined && left === 0) problems.push(...ledger.differences(simulator.heap.contents()));
  const unaccounted = ledger.counts.events - reported.delivered - total(reported.filtered) - letters.length;
  if (unaccounted !== 0 && left === 0) problems.push(`${unaccounted} events are unaccounted for`);

  printSummary({
    messages,
    seconds,
    expected: ledger.counts,
    reported,
    letters,
    heap: simulator?.heap.counts(),
    coldStarts: pipeline.lambda.coldStarts(),
    problems,
  });
  await pipeline.stop();
  await queueServer.stop();
  await simulator?.stop();
  return problems.length === 0 ? 0 : 1;

  function reportedEvents(): number {
    return reported.delivered + total(reported.filtered) + total(reported.deadLettered);
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigurationError(`${name} is no JSON`);
  }
}
