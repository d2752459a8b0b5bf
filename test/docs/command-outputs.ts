import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { readTemplate } from '../../infra/template.ts';
import { receive } from '../../lib/sqs/receive.ts';
import { startQueueServer } from '../../local/queue-server.ts';
import { createLocalClient, createLocalQueues, LOCAL_AWS } from '../../local/queues.ts';
import { startQueueWithoutWaiting } from '../support/queue-without-waiting.ts';

/** The pages that show what commands print. */
export const PAGES_WITH_OUTPUT = ['docs/command-line.md', 'docs/operations.md'] as const;

/** A comment with a command, and the block with what it prints. `held` means that another reader holds two of the messages. */
const SHOWN =
  /<!-- output(?<isHeld> while another reader holds two)?: npm run -s heapq -- (?<words>.+) -->\n\n```text\n[\s\S]*?```/g;

/** What the dead letters of the scene are. Ids and times are fixed, so that every run prints the same. */
const SCENE = [
  ['heap_refused', 'Heap answered 400: properties is invalid', 'Order Completed', '2026-11-23T09:14:02.118Z'],
  ['heap_refused', 'Heap answered 400: properties is invalid', 'Order Completed', '2026-11-23T09:14:02.121Z'],
  ['heap_refused', 'Heap answered 400: properties is invalid', 'Cart Viewed', '2026-11-23T09:15:40.007Z'],
  ['missing_identity', 'userId is required', 'Signed Up', '2026-11-23T08:59:31.640Z'],
  ['retries_exhausted', 'Heap answered 503 for 48 hours', 'Signed Up', '2026-11-21T17:02:11.982Z'],
] as const;
/** The events of a file of history are older, and their times stay. */
const HISTORY_ENDS = '2026-02-01';
const HELD_UNTIL = '2026-11-23T10:02:00.000Z';

/** Returns a page with what its commands print now. */
export async function withOutputs(page: string): Promise<string> {
  const blocks = [...page.matchAll(SHOWN)];
  let shown = page;
  for (const { 0: block, groups = {} } of blocks) {
    const words = groups['words'] ?? '';
    const printed = await printedBy(words.split(' '), groups['isHeld'] !== undefined);
    const head = block.slice(0, block.indexOf('```text'));
    shown = shown.replace(block, () => `${head}\`\`\`text\n$ npm run -s heapq -- ${words}\n${printed}\`\`\``);
  }
  return shown;
}

async function printedBy(words: readonly string[], isHeld: boolean): Promise<string> {
  const server = await startQueueServer();
  const client = createLocalClient(server.endpoint);
  const queues = await createLocalQueues(client, server.endpoint, readTemplate('template.yaml'), 'local');
  const ids = new Map<string, string>();
  for (const [index, [reason, detail, event, failedAt]] of SCENE.entries()) {
    const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
    const { MessageId = '' } = await client.send(
      new SendMessageCommand({
        QueueUrl: queues.deadLetterQueueUrl,
        MessageBody: JSON.stringify({ type: 'track', event, messageId: `order-${index}` }),
        MessageAttributes: {
          reason: attribute(reason),
          detail: attribute(detail),
          failedAt: attribute(failedAt),
          eventMessageId: attribute(`order-${index}`),
        },
      }),
    );
    ids.set(MessageId, `5fea7756-0ea4-451a-a703-a558b933e27${index}`);
  }
  if (isHeld) await receive(client, queues.deadLetterQueueUrl, { count: 2, visibilityTimeoutS: 120 });
  const impatient = await startQueueWithoutWaiting(server.endpoint);
  const printed = await run(words, impatient.url);
  await impatient.stop();
  client.destroy();
  await server.stop();
  const known: ReadonlySet<string> = new Set(SCENE.map(([, , , failedAt]) => failedAt));
  return printed
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => ids.get(id) ?? id)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => (known.has(time) || time < HISTORY_ENDS ? time : HELD_UNTIL));
}

/** What a person sees, whether it is printed as a result or as an error. */
async function run(words: readonly string[], endpoint: string): Promise<string> {
  const child = spawn(process.execPath, [join('cli', 'main.ts'), ...words], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      TRANSFORMATION: 'none',
      ...LOCAL_AWS,
      AWS_ENDPOINT_URL_SQS: endpoint,
      npm_lifecycle_event: 'heapq',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return `${out}${error}`;
}
