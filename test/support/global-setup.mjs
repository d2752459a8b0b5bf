import { startQueueServer } from '../../local/queue-server.ts';

/** One SQS server for all the tests, in the parent process; each test has queues of its own. */
export default async function globalSetup() {
  const server = await startQueueServer();
  process.env['TEST_SQS_ENDPOINT'] = server.endpoint;
  globalThis.testQueueServer = server;
}
