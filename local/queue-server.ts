import { startFauxqs } from 'fauxqs';

export interface QueueServer {
  /** The value for `AWS_ENDPOINT_URL_SQS`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Starts the embedded SQS server on loopback. It speaks SQS's protocol and keeps everything in memory.
 *
 * @param port 0 for any free port
 */
export async function startQueueServer(port = 0): Promise<QueueServer> {
  const server = await startFauxqs({ port, host: '127.0.0.1', logger: false });
  return { endpoint: `http://127.0.0.1:${server.port}`, stop: () => server.stop() };
}
