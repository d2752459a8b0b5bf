import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { previewBody } from '../../lib/mapping/preview.ts';
import { listDeadLetters } from '../../cli/dead-letters/list.ts';
import { redriveDeadLetters } from '../../cli/dead-letters/redrive.ts';
import type { Connection } from '../../cli/connection.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { escapeJson, toMessageBody } from '../../lib/sqs/message-body.ts';
import type { Heap } from '../heap-simulator/heap.ts';
import { startLoopbackServer, type LoopbackServer } from '../loopback-server.ts';
import type { Passage } from './observer.ts';
import type { Fault } from '../heap-simulator/faults.ts';

export interface LiveViewOptions {
  readonly port: number;
  readonly connection: Connection;
  readonly heap: Heap;
  /** RudderStack's `Config` for Heap. */
  readonly config: JsonObject;
}

export interface LiveView extends LoopbackServer {
  /** Shows events to whoever watches. */
  readonly show: (passages: readonly Passage[]) => void;
}

/** Events that somebody who comes later still sees. */
const MOST_PASSAGES = 200;
const MOST_DEAD_LETTERS = 50;
/** How long a dead letter stays in flight while the list is made, in s. */
const VISIBILITY_TIMEOUT_S = 5;

/** What the switches make of the simulator. */
const TROUBLES: Readonly<Record<string, Fault | undefined>> = {
  none: undefined,
  throttled: { status: 429, retryAfter: '5' },
  broken: { status: 500 },
  slow: { delayMs: 3000 },
  down: { cut: 'before_storing' },
};

const FILES: ReadonlyMap<string, { readonly file: string; readonly type: string }> = new Map([
  ['/', { file: 'page.html', type: 'text/html; charset=utf-8' }],
  ['/page.css', { file: 'page.css', type: 'text/css; charset=utf-8' }],
  ['/page.js', { file: 'page.js', type: 'text/javascript; charset=utf-8' }],
]);

/** Serves the live view: a page, a stream of events to it, and what its buttons do. For one machine and one person. */
export async function startLiveView({ port, connection, heap, config }: LiveViewOptions): Promise<LiveView> {
  const watchers = new Set<ServerResponse>();
  const passages: Passage[] = [];
  let trouble = 'none';
  let refused = '';

  function watch(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    tell(response, 'passages', passages);
    tell(response, 'trouble', { trouble, refused });
    watchers.add(response);
    request.once('close', () => watchers.delete(response));
  }

  function makeTrouble(given: JsonObject): object {
    trouble = typeof given['trouble'] === 'string' && given['trouble'] in TROUBLES ? given['trouble'] : 'none';
    refused = typeof given['refused'] === 'string' ? given['refused'].trim() : '';
    heap.recover();
    const fault = TROUBLES[trouble];
    if (fault !== undefined) heap.inject({ ...fault, times: Number.MAX_SAFE_INTEGER });
    const words = refused;
    heap.refuse((entry) => words !== '' && JSON.stringify(entry).includes(words));
    for (const watcher of watchers) tell(watcher, 'trouble', { trouble, refused });
    return { trouble, refused };
  }

  const calls: Calls = { ...pipelineCalls(connection, config), '/api/trouble': makeTrouble };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (!isFromThisMachine(request)) return json(response, 403, { problem: 'for this machine alone' });
    const page = FILES.get(pathname);
    if (request.method === 'GET' && page !== undefined) {
      response.writeHead(200, { 'content-type': page.type, 'cache-control': 'no-store' });
      response.end(readFileSync(join(import.meta.dirname, page.file)));
      return;
    }
    if (request.method === 'GET' && pathname === '/api/watch') return watch(request, response);
    const call = request.method === 'POST' ? calls[pathname] : undefined;
    if (call === undefined) return json(response, 404, { problem: 'there is no such page' });
    try {
      const given: unknown = JSON.parse((await text(request)) || '{}');
      json(response, 200, await call(isObject(given) ? given : {}));
    } catch (error) {
      json(response, 400, { problem: error instanceof Error ? error.message : String(error) });
    }
  }

  const server = await startLoopbackServer(port, serve);
  return {
    ...server,
    show(latest) {
      passages.push(...latest);
      passages.splice(0, Math.max(0, passages.length - MOST_PASSAGES));
      for (const watcher of watchers) tell(watcher, 'passages', latest);
    },
  };
}

type Calls = Readonly<Record<string, (given: JsonObject) => Promise<object> | object>>;

/** The page's calls that concern the pipeline, by path, with what the page posts. */
function pipelineCalls(connection: Connection, config: JsonObject): Calls {
  const { client, queueUrl } = connection;
  const visit = { visibilityTimeoutS: VISIBILITY_TIMEOUT_S, signal: new AbortController().signal };
  return {
    '/api/preview': ({ event }) => previewBody(String(event), config),
    '/api/enqueue': async ({ event }) => {
      const MessageBody = toMessageBody(escapeJson(String(event)));
      const { MessageId } = await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
      return { messageId: MessageId };
    },
    '/api/dead-letters': () => listDeadLetters(connection, {}, MOST_DEAD_LETTERS, visit),
    '/api/redrive': ({ id }) =>
      redriveDeadLetters(connection, {
        selection: typeof id === 'string' ? { id } : {},
        isDryRun: false,
        rate: undefined,
        maxRedrives: Number.POSITIVE_INFINITY,
        ...visit,
        onProgress: () => undefined,
      }),
  };
}

/** One of the stream's events. */
function tell(response: ServerResponse, event: string, data: unknown): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function isLocal(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(host ?? '');
}

/** A page of somewhere else can make a browser call this machine; it cannot make it say another host or origin. */
function isFromThisMachine({ headers }: IncomingMessage): boolean {
  return isLocal(headers.host) && (headers.origin === undefined || isLocal(headers.origin.replace(/^http:\/\//, '')));
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
