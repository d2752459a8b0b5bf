import { startQueueServer } from '../../local/queue-server.ts';

/** Starts one SQS server for all tests, in the parent process. Each test has its own queues. */
export default async function globalSetup() {
  // Whatever transformation stands in the folder, the tests do not run it.
  process.env['TRANSFORMATION'] = 'none';
  const server = await startQueueServer();
  process.env['TEST_SQS_ENDPOINT'] = server.endpoint;
  globalThis.testQueueServer = server;
}
