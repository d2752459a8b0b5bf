import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { previewBody } from '../../lib/mapping/preview.ts';
import { redriveDeadLetters } from '../../cli/dead-letters/redrive.ts';
import type { Connection } from '../../cli/connection.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { TransformEvent } from '../../lib/transformation/transform-event.ts';
import { escapeJson, toMessageBody } from '../../lib/sqs/message-body.ts';
import type { ReportedCounts } from '../accounting.ts';
import { deviceModeFile, type DeviceModeSettings, type PageFile } from '../device-mode/files.ts';
import type { Heap } from '../heap-simulator/heap.ts';
import { startLoopbackServer, type LoopbackServer } from '../loopback-server.ts';
import type { QueueServer } from '../queue-server.ts';
import { newestDeadLetters } from './dead-letters.ts';
import type { Passage } from './observer.ts';
import { readTotals } from './totals.ts';
import type { Fault } from '../heap-simulator/faults.ts';

export interface LiveViewOptions {
  readonly port: number;
  readonly connection: Connection;
  readonly queueServer: Pick<QueueServer, 'inspect'>;
  /** What the function has counted; it changes while the view is open. */
  readonly reported: ReportedCounts;
  readonly heap: Heap;
  /** RudderStack's `Config` for Heap. */
  readonly config: JsonObject;
  /** The owner's transformation; undefined if there is none. */
  readonly transformEvent?: TransformEvent | undefined;
  /** For the page at /device-mode, and for the curl line. */
  readonly httpEndpoint: DeviceModeSettings;
}

export interface LiveView extends LoopbackServer {
  /** Shows events on all open pages. */
  readonly show: (passages: readonly Passage[]) => void;
}

/** How many of the latest events a page shows when it is opened. */
const MOST_PASSAGES = 200;
const MOST_DEAD_LETTERS = 50;
/** How long a dead letter stays in flight while it is sent again, in s. */
const VISIBILITY_TIMEOUT_S = 5;
/** How often the totals are read while a page is open. */
const TOTALS_EVERY_MS = 500;

/** The simulator's faults by the value of the page's switch. */
const FAULTS: Readonly<Record<string, Fault | undefined>> = {
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

/** Serves the live view on loopback: a page, a stream of events for it, and an API for its buttons. */
export async function startLiveView(options: LiveViewOptions): Promise<LiveView> {
  const { port, connection, heap, httpEndpoint } = options;
  const watchers = new Set<ServerResponse>();
  const passages: Passage[] = [];
  let fault = 'none';
  let refused = '';

  function watch(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    sendEvent(response, 'passages', passages);
    sendEvent(response, 'fault', { fault, refused });
    sendEvent(response, 'endpoint', { url: httpEndpoint.endpoint, writeKey: httpEndpoint.writeKey });
    watchers.add(response);
    request.once('close', () => watchers.delete(response));
    sentTotals = '';
  }

  let sentTotals = '';
  async function sendTotals(): Promise<void> {
    if (watchers.size === 0) return;
    const totals = await readTotals(connection, options.reported);
    if (JSON.stringify(totals) === sentTotals) return;
    sentTotals = JSON.stringify(totals);
    for (const watcher of watchers) sendEvent(watcher, 'totals', totals);
  }

  function setFault(given: JsonObject): object {
    fault = typeof given['fault'] === 'string' && given['fault'] in FAULTS ? given['fault'] : 'none';
    refused = typeof given['refused'] === 'string' ? given['refused'].trim() : '';
    heap.recover();
    const chosen = FAULTS[fault];
    if (chosen !== undefined) heap.inject({ ...chosen, times: Number.MAX_SAFE_INTEGER });
    const pattern = refused;
    heap.refuse((entry) => pattern !== '' && JSON.stringify(entry).includes(pattern));
    for (const watcher of watchers) sendEvent(watcher, 'fault', { fault, refused });
    return { fault, refused };
  }

  const calls: Calls = { ...pipelineCalls(options), '/api/fault': setFault };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (!isFromThisMachine(request))
      return json(response, 403, { problem: 'only this machine may call the live view' });
    const file = request.method === 'GET' ? (pageFile(pathname) ?? deviceModeFile(pathname, httpEndpoint)) : undefined;
    if (file !== undefined) {
      response.writeHead(200, { 'content-type': file.type, 'cache-control': 'no-store' }).end(file.body);
      return;
    }
    if (request.method === 'GET' && pathname === '/api/watch') return watch(request, response);
    const call = request.method === 'POST' ? calls[pathname] : undefined;
    if (call === undefined) return json(response, 404, { problem: 'not found' });
    try {
      const given: unknown = JSON.parse((await text(request)) || '{}');
      json(response, 200, await call(isObject(given) ? given : {}));
    } catch (error) {
      json(response, 400, { problem: error instanceof Error ? error.message : String(error) });
    }
  }

  const server = await startLoopbackServer(port, serve);
  // A failure ends with the server of the queues, and the page says that it is not connected.
  const ticking = setInterval(() => void sendTotals().catch(() => undefined), TOTALS_EVERY_MS);
  return {
    ...server,
    async stop() {
      clearInterval(ticking);
      await server.stop();
    },
    show(latest) {
      passages.push(...latest);
      passages.splice(0, Math.max(0, passages.length - MOST_PASSAGES));
      for (const watcher of watchers) sendEvent(watcher, 'passages', latest);
    },
  };
}

function pageFile(path: string): PageFile | undefined {
  const found = FILES.get(path);
  return found && { type: found.type, body: readFileSync(join(import.meta.dirname, found.file)) };
}

type Calls = Readonly<Record<string, (given: JsonObject) => Promise<object> | object>>;

/** The page's API calls that concern the pipeline, by path. */
function pipelineCalls({ connection, queueServer, config, transformEvent }: LiveViewOptions): Calls {
  const { client, queueUrl, deadLetterQueueUrl } = connection;
  const visit = { visibilityTimeoutS: VISIBILITY_TIMEOUT_S, signal: new AbortController().signal };
  return {
    '/api/preview': ({ event }) => previewBody(String(event), config, undefined, transformEvent),
    '/api/enqueue': async ({ event }) => {
      const MessageBody = toMessageBody(escapeJson(String(event)));
      const { MessageId } = await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
      return { messageId: MessageId };
    },
    '/api/dead-letters': () => newestDeadLetters(queueServer, deadLetterQueueUrl, MOST_DEAD_LETTERS),
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

/** Writes a server-sent event. */
function sendEvent(response: ServerResponse, event: string, data: unknown): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function isLocal(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(host ?? '');
}

/** A foreign page can make a browser call this server, but it cannot forge the Host and Origin headers. */
function isFromThisMachine({ headers }: IncomingMessage): boolean {
  return isLocal(headers.host) && (headers.origin === undefined || isLocal(headers.origin.replace(/^http:\/\//, '')));
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
