import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';

/** A request to the server behind the proxy. */
export interface ProxiedCall {
  /** The name of the action in SQS's API; empty for other servers. */
  readonly action: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Forwards a call to the server behind the proxy. */
export type PassOn = (call: ProxiedCall) => Promise<ProxiedAnswer>;

/**
 * Starts a proxy in front of a server.
 *
 * @param serve answers a call; undefined closes the connection without an answer
 */
export async function startProxy(
  target: string,
  serve: (call: ProxiedCall, passOn: PassOn) => Promise<ProxiedAnswer | undefined>,
): Promise<LoopbackServer> {
  return await startLoopbackServer(0, async (request, response) => {
    const body = await buffer(request);
    const { method = 'GET', url: path = '/', headers } = request;
    const action = String(headers['x-amz-target'] ?? '').replace('AmazonSQS.', '');
    const answer = await serve({ action, method, path, headers, body }, (call) => forward(target, call));
    if (answer === undefined) response.destroy();
    else response.writeHead(answer.status, answer.headers).end(answer.body);
  });
}

async function forward(target: string, { method, path, headers, body }: ProxiedCall): Promise<ProxiedAnswer> {
  return await new Promise((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage): void => {
      buffer(answer).then(
        (received) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: received }),
        reject,
      );
    };
    const length = { 'content-length': String(body.length) };
    httpRequest(`${target}${path}`, { method, headers: { ...headers, ...length } }, onAnswer)
      .once('error', reject)
      .end(body);
  });
}
