import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTemplate } from '../../infra/template.ts';
import { createLocalClient, createLocalQueues } from '../../local/queues.ts';
import { createRandom } from '../../local/virtual/random.ts';
import {
  interruptEnqueue,
  interruptExport,
  interruptRedrive,
  interruptSeveralFiles,
} from '../support/interrupted-commands.ts';
import { COMPILE_CACHE, sqsEndpoint } from '../support/lambda-harness.ts';

/** A small part of `npm run test:interrupts`. */
test.concurrent.each([
  ['redrive', interruptRedrive],
  ['export', interruptExport],
  ['enqueue', interruptEnqueue],
  ['enqueue of several files, with lines that cannot be sent', interruptSeveralFiles],
] as const)('%s, interrupted again and again, loses none and doubles none', async (_, interrupt) => {
  const client = createLocalClient(sqsEndpoint());
  const { lastCode, last, wrongFigures, deadLetters, inHeap } = await interrupt({
    endpoint: sqsEndpoint(),
    queues: await createLocalQueues(client, sqsEndpoint(), readTemplate('template.yaml'), randomUUID()),
    messages: 200,
    interruptions: ['SIGTERM', 'SIGKILL'],
    random: createRandom(20_261_126),
    folder: mkdtempSync(join(tmpdir(), 'interrupts-')),
    environment: COMPILE_CACHE,
  });
  client.destroy();
  expect({ lastCode, wrongFigures, isComplete: last['isComplete'], deadLetters, inHeap }).toEqual({
    lastCode: 0,
    wrongFigures: [],
    isComplete: true,
    deadLetters: 0,
    inHeap: 200,
  });
});
