import { buildApp } from 'fauxqs';

export interface QueueServer {
  /** The value for `AWS_ENDPOINT_URL_SQS`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Starts the embedded SQS server on loopback. It speaks SQS's protocol and keeps everything in memory.
 *
 * `startFauxqs` would listen on every interface, whatever `host` it is given, and the server asks nobody for credentials.
 *
 * @param port 0 for any free port
 * @throws Node's error `EADDRINUSE` if the port is in use
 */
export async function startQueueServer(port = 0): Promise<QueueServer> {
  const app = buildApp({ host: '127.0.0.1', logger: false });
  const endpoint = await app.listen({ port, host: '127.0.0.1' });
  return { endpoint, stop: () => app.close() };
}
