import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readTemplate } from '../../infra/template.ts';
import { startQueueServer } from '../../local/queue-server.ts';
import { createLocalClient, createLocalQueues } from '../../local/queues.ts';
import { createRandom } from '../../local/virtual/random.ts';
import {
  interruptEnqueue,
  interruptExport,
  interruptRedrive,
  interruptSeveralFiles,
  INTERRUPTIONS,
  type InterruptedOptions,
} from '../support/interrupted-commands.ts';

const HELP = `Interrupts a redrive, an export and loads at random, and says what is left of their messages.

  npm run test:interrupts -- --messages 20000 --times 20 --seed 1    these are the defaults`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '20000' },
    times: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await interruptAll(Number(values.messages), Number(values.times), createRandom(Number(values.seed)));

async function interruptAll(messages: number, times: number, random: () => number): Promise<void> {
  const server = await startQueueServer();
  const client = createLocalClient(server.endpoint);
  const template = readTemplate('template.yaml');
  const commands = {
    redrive: interruptRedrive,
    export: interruptExport,
    enqueue: interruptEnqueue,
    'enqueue of several files': interruptSeveralFiles,
  };
  for (const [name, interrupt] of Object.entries(commands)) {
    const options: InterruptedOptions = {
      endpoint: server.endpoint,
      queues: await createLocalQueues(client, server.endpoint, template, randomUUID()),
      messages,
      interruptions: Array.from({ length: times }, (_, index) => INTERRUPTIONS[index % 4] ?? 'SIGINT'),
      random,
      folder: mkdtempSync(join(tmpdir(), 'interrupts-')),
    };
    const { early, last, lastCode, wrongFigures, deadLetters, events, inHeap } = await interrupt(options);
    const isRight =
      wrongFigures.length === 0 &&
      inHeap === messages &&
      deadLetters === 0 &&
      lastCode === 0 &&
      last['isComplete'] === true;
    console.log(
      `${isRight ? 'ok    ' : 'WRONG '} ${name}: ${times} interruptions (${early} runs ended before), ${inHeap} of ${messages} events once in Heap, ${events - inHeap} sent twice, ${deadLetters} dead letters left`,
    );
    if (!isRight) console.log(JSON.stringify({ lastCode, last, wrongFigures }));
    if (!isRight) process.exitCode = 1;
  }
  client.destroy();
  await server.stop();
}
