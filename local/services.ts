import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportToCaller } from '../cli/report-to-caller.ts';
import { readTemplate } from '../infra/template.ts';
import { startHeapServer } from './heap-simulator/server.ts';
import { startQueueServer } from './queue-server.ts';
import { createLocalClient, createLocalQueues } from './queues.ts';

const HELP = `Keeps an SQS server, with the template's two queues, and the Heap simulator running until it is stopped.

  npm run dev [-- --queue-port 4566 --heap-port 4567]

It prints one line of JSON with the addresses. What Heap holds: GET /simulator/contents and /simulator/counts. To make it
fail: POST /simulator/faults with {"status":503,"times":3}.`;

await reportToCaller(async () => {
  const { values } = parseArgs({
    options: {
      'queue-port': { type: 'string', default: '4566' },
      'heap-port': { type: 'string', default: '4567' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const { endpoint } = await startQueueServer(Number(values['queue-port']));
  const { url } = await startHeapServer(Number(values['heap-port']));
  const client = createLocalClient(endpoint);
  const template = readTemplate(join(import.meta.dirname, '..', 'template.yaml'));
  const queues = await createLocalQueues(client, endpoint, template, 'local');
  client.destroy();
  console.log(JSON.stringify({ sqsEndpoint: endpoint, heapUrl: url, ...queues }));
});
