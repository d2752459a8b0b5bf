import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Certificate } from './self-signed-certificate.ts';

export interface LoopbackServer extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  /** Stops at once and closes all connections. */
  readonly stop: () => Promise<void>;
}

/**
 * Serves HTTP on 127.0.0.1, or HTTPS if there is a certificate.
 *
 * @param port 0 for any free port
 * @param serve the connection is closed when it fails
 */
export async function startLoopbackServer(
  port: number,
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
  certificate?: Certificate,
): Promise<LoopbackServer> {
  const listener: RequestListener = (request, response) => {
    Promise.resolve(serve(request, response)).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  };
  const server = certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener);
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
  const protocol = certificate === undefined ? 'http' : 'https';
  return { url: `${protocol}://127.0.0.1:${address.port}`, stop, [Symbol.asyncDispose]: stop };
}
