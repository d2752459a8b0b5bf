import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { ENDPOINTS, type HeapCallKind } from '../../lib/heap/api.ts';
import { isObject } from '../../lib/json.ts';
import { startLoopbackServer } from '../loopback-server.ts';
import { createHeap, type Heap, type HeapRules } from './heap.ts';
import type { Fault } from './faults.ts';
import { withPersonality, type Personality } from './personality.ts';

export interface HeapServer {
  /** Without a trailing slash. */
  readonly url: string;
  readonly heap: Heap;
  stop(): Promise<void>;
}

/**
 * Serves the Heap simulator on loopback: Heap's own paths, and `/simulator/contents`, `/simulator/counts` and
 * `/simulator/faults` to observe and control it.
 *
 * @param port 0 for any free port
 * @param onRequest called with each request and the status of its answer; 0 for a connection that was cut
 * @param personality how it answers where Heap's documentation is silent
 */
export async function startHeapServer(
  port = 0,
  rules?: HeapRules,
  onRequest: (kind: HeapCallKind, body: string, status: number) => void = () => undefined,
  personality: Personality = {},
): Promise<HeapServer> {
  const own = withPersonality(
    createHeap(() => Date.now(), rules),
    personality,
  );
  const heap: Heap = {
    ...own,
    handle(kind, body) {
      const answer = own.handle(kind, body);
      onRequest(kind, body, answer.isCut === true ? 0 : answer.status);
      return answer;
    },
  };
  const unpacks = personality.effects?.gzip === 'store';
  const { url, stop } = await startLoopbackServer(port, (request, response) => serve(heap, request, response, unpacks));
  return { url, heap, stop };
}

async function serve(heap: Heap, request: IncomingMessage, response: ServerResponse, unpacks: boolean): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const received = await buffer(request);
  const isPacked = unpacks && request.headers['content-encoding'] === 'gzip';
  const body = new TextDecoder().decode(isPacked ? gunzipSync(received) : received);
  switch (`${request.method} ${pathname}`) {
    case `POST ${ENDPOINTS.track.path}`:
      return reply(response, heap.handle('track', body));
    case `POST ${ENDPOINTS.add_user_properties.path}`:
      return reply(response, heap.handle('add_user_properties', body));
    case `POST ${ENDPOINTS.add_account_properties.path}`:
      return reply(response, heap.handle('add_account_properties', body));
    case 'GET /simulator/contents':
      return json(response, heap.contents());
    case 'GET /simulator/counts':
      return json(response, heap.counts());
    case 'POST /simulator/faults':
      return injectFault(heap, response, body);
    default:
      return reply(response, { status: 404, body: 'Not Found' });
  }
}

async function reply(response: ServerResponse, answer: ReturnType<Heap['handle']>): Promise<void> {
  if (answer.delayMs !== undefined) await sleep(answer.delayMs);
  if (answer.isCut === true) {
    response.destroy();
    return;
  }
  if (answer.retryAfter !== undefined) response.setHeader('retry-after', answer.retryAfter);
  response.writeHead(answer.status, { 'content-type': 'text/plain' }).end(answer.body);
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function injectFault(heap: Heap, response: ServerResponse, body: string): Promise<void> | void {
  const fault = readFault(body);
  if (fault === undefined) return reply(response, { status: 400, body: 'a fault has to be a JSON object' });
  heap.inject(fault);
  return json(response, fault);
}

function readFault(body: string): Fault | undefined {
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(given)) return undefined;
  const { times, status, retryAfter, delayMs, cut } = given;
  return {
    ...(typeof times === 'number' ? { times } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
    ...(typeof delayMs === 'number' ? { delayMs } : {}),
    ...(cut === 'before_storing' || cut === 'after_storing' ? { cut } : {}),
  };
}
