import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { isObject } from '../lib/json.ts';
import { toHttpEvent } from './http-event.ts';
import type { Lambda } from './lambda/lambda.ts';
import { startLoopbackServer, type LoopbackServer } from './loopback-server.ts';

/** Limits of API Gateway for a request's body, and of Lambda for the event that is made from it. */
const MOST_BODY_BYTES = 10 * 1024 * 1024;
const MOST_EVENT_BYTES = 6 * 1024 * 1024;

/** How many requests a route takes: in a burst, and how many more a second. */
export interface Throttle {
  readonly burst: number;
  readonly rate: number;
}

/**
 * Serves a function on loopback as an HTTP API of API Gateway does, with payload format 2.0.
 *
 * @param port 0 for any free port
 * @param throttle the limit of the route `$default`. The routes of `/sourceConfig` are not limited: see infra/ingest.yaml
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export async function startHttpApi(
  lambda: Pick<Lambda, 'invoke'>,
  port = 0,
  throttle: Throttle = { burst: Number.POSITIVE_INFINITY, rate: 0 },
): Promise<LoopbackServer> {
  const takes = createBucket(throttle);
  return await startLoopbackServer(port, (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const hasOwnRoute = pathname === '/sourceConfig' || pathname.startsWith('/sourceConfig/');
    if (!hasOwnRoute && !takes()) return reply(response, 429, { message: 'Too Many Requests' });
    return serve(lambda, request, response);
  });
}

/** Returns a function that says whether a request is within the limit, by API Gateway's token bucket. */
function createBucket({ burst, rate }: Throttle): () => boolean {
  let tokens = burst;
  let countedAt = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - countedAt) / 1000) * rate);
    countedAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

async function serve(
  lambda: Pick<Lambda, 'invoke'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await buffer(request);
  const event = toEvent(request, body);
  if (body.length > MOST_BODY_BYTES || Buffer.byteLength(JSON.stringify(event)) > MOST_EVENT_BYTES) {
    return reply(response, 413, { message: 'Request Entity Too Large' });
  }
  const answer = await lambda.invoke(event);
  const result = answer.kind === 'response' && isObject(answer.response) ? answer.response : undefined;
  if (result === undefined) return reply(response, 500, { message: 'Internal Server Error' });
  const text = typeof result['body'] === 'string' ? result['body'] : '';
  const headers = isObject(result['headers']) ? Object.entries(result['headers']) : [];
  for (const [name, value] of headers) response.setHeader(name, String(value));
  response
    .writeHead(Number(result['statusCode']))
    .end(Buffer.from(text, result['isBase64Encoded'] === true ? 'base64' : 'utf8'));
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function toEvent(request: IncomingMessage, body: Buffer): APIGatewayProxyEventV2 {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')]),
  );
  return toHttpEvent({
    method: request.method ?? 'GET',
    path: pathname,
    query: search.slice(1),
    headers,
    body,
    protocol: `HTTP/${request.httpVersion}`,
    sourceIp: request.socket.remoteAddress ?? '',
  });
}
