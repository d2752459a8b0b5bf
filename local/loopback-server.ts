import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface LoopbackServer extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  /** Stops at once and closes all connections. */
  readonly stop: () => Promise<void>;
}

/**
 * Serves HTTP on 127.0.0.1.
 *
 * @param port 0 for any free port
 * @param serve the connection is closed when it fails
 */
export async function startLoopbackServer(
  port: number,
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    Promise.resolve(serve(request, response)).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  // No timeouts: an idle connection must not be closed while the client already sends its next request.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${address.port}`, stop, [Symbol.asyncDispose]: stop };
}
