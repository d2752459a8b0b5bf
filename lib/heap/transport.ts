import type { Agent as HttpAgent, ClientRequest, IncomingMessage, request as httpRequest } from 'node:http';
import { isObject } from '../json.ts';

/** How one HTTP request ended. */
export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The `Retry-After` header, unparsed. */
      readonly retryAfter: string | undefined;
      /** The beginning of the body, for error messages. */
      readonly body: string;
      /** Set if the whole request was sent before, so that nothing reads its buffer any more. */
      readonly wasSent?: true;
    }
  /** The connection was refused, reset or interrupted. Heap may have stored the request nevertheless. */
  | { readonly kind: 'unreachable'; readonly isConnectionLost: boolean; readonly detail: string }
  | { readonly kind: 'timeout' };

/**
 * Posts a JSON body and reads the whole answer within `timeoutMs` ms (at least 1 ms; a fraction is dropped). Never throws.
 * The body is not copied. Its bytes must not change any more, unless the answer says that it was sent. Tests with virtual time
 * replace the transport.
 */
export type Transport = (url: string, body: Buffer, timeoutMs: number) => Promise<Answer>;

/** Characters of an answer's body that are kept for error messages. */
const KEPT_BODY_CHARACTERS = 500;
/** Bytes that have so many characters, whatever they are. */
const KEPT_BODY_BYTES = 4 * KEPT_BODY_CHARACTERS;
/** Bytes of an answer's body after which reading stops. Heap's answers have less than a hundred. */
const READ_BODY_BYTES = 1024 * 1024;
/** Node's longest timer, 24 days. A longer one would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/**
 * A connection that was idle for longer, in ms, is not used again: servers and gateways close them after a minute or more. A
 * container that was frozen does not notice, and may wait for an answer until the timeout.
 */
const LONGEST_IDLE_MS = 50_000;

/** The error codes of a request on a connection that the server has closed. */
const CONNECTION_LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json',
  'accept-encoding': 'identity',
  'user-agent': 'rudderstack-heap-lambda',
};

/**
 * Creates a transport that uses Node's own HTTP client over keep-alive connections, through the proxy that Node is told to use
 * (`NODE_USE_ENV_PROXY`). Redirects are not followed, because an answer from another host does not prove that Heap has stored
 * the events. An answer with an incomplete body counts as unreachable, whatever its status.
 *
 * Only the beginning of an answer is kept, so its length uses no memory. An answer of more than 1 MiB is not read to its
 * end. Then a status that is no success stands, since the request is sent again or refused in any case. A success is not
 * believed: nothing shows that the answer is complete, or Heap's. The request is sent again. The same holds for an answer that
 * comes before the whole request was sent. A compressed body is not unpacked.
 */
export function createTransport(now: () => number): Transport {
  const clients = new Map<string, Client>();

  return async (url, body, timeoutMs) => {
    try {
      const parsed = new URL(url);
      const client = clients.get(parsed.protocol) ?? createClient(parsed.protocol);
      clients.set(parsed.protocol, client);
      // The agent's own timers do not run in a frozen container.
      if (now() - client.usedAt > LONGEST_IDLE_MS) dropIdle(client);
      const answer = await post(client, parsed, body, timeoutMs);
      client.usedAt = now();
      // The others have been idle for longer, so they are lost as well.
      if (answer.kind === 'unreachable' && answer.isConnectionLost) dropIdle(client);
      return answer;
    } catch (error) {
      return unreachable(error);
    }
  };
}

interface Client {
  readonly request: typeof httpRequest;
  readonly agent: HttpAgent;
  /** When a request ended last, in ms since 1970. */
  usedAt: number;
}

/** The modules are not imported: an ES import loads all that `node:http` exports, such as a client for WebSockets. */
function createClient(protocol: string): Client {
  const https = process.getBuiltinModule('node:https');
  const { request, Agent } = protocol === 'http:' ? process.getBuiltinModule('node:http') : https;
  // An agent of one's own does not follow NODE_USE_ENV_PROXY by itself.
  const { proxyEnv } = https.globalAgent.options;
  // The number of connections needs no limit: whoever sends requests limits how many are under way at once.
  return { request, agent: new Agent({ keepAlive: true, timeout: LONGEST_IDLE_MS, proxyEnv }), usedAt: 0 };
}

function dropIdle({ agent }: Client): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function post({ request, agent }: Client, url: URL, body: Buffer, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const headers = { ...HEADERS, 'content-length': body.length };
    const sent = request(url, { method: 'POST', agent, headers });
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const fail = (error: unknown): void => end(unreachable(error));
    const timer = setTimeout(
      () => {
        end({ kind: 'timeout' });
        sent.destroy();
      },
      Math.min(Math.max(1, Math.floor(timeoutMs)), LONGEST_TIMER_MS),
    );
    // There is neither an answer nor an error if, for example, the server switches to another protocol.
    const onClose = (): void => fail('the connection was closed without an answer');
    sent.on('response', (response) => {
      sent.off('close', onClose);
      read(response, sent, end);
    });
    sent.on('close', onClose);
    sent.on('error', fail);
    sent.end(body);
  });
}

/** Reads an answer, or as much of it as is needed. */
function read(response: IncomingMessage, sent: ClientRequest, end: (answer: Answer) => void): void {
  const { statusCode: status = 0, headers } = response;
  const isSuccess = status >= 200 && status < 300;
  const parts: Buffer[] = [];
  let bytes = 0;

  function answered(): void {
    const wasSent = sent.writableFinished;
    // A server that has answered early may never read the rest, and would keep the connection busy.
    if (!wasSent) sent.destroy();
    if (isSuccess && !wasSent)
      return end(unreachable(`the answer has status ${status}, but comes before the whole request`));
    const encoding = headers['content-encoding'] ?? 'identity';
    const body = encoding === 'identity' ? beginningOf(parts) : `(a body in ${encoding})`;
    const more = wasSent ? ({ wasSent } as const) : {};
    end({ kind: 'answered', status, retryAfter: headers['retry-after'], body, ...more });
  }

  response.on('data', (chunk: Buffer) => {
    if (bytes < KEPT_BODY_BYTES) parts.push(chunk.subarray(0, KEPT_BODY_BYTES));
    bytes += chunk.length;
    if (bytes <= READ_BODY_BYTES) return;
    if (isSuccess) end(unreachable(`the answer has status ${status} and more than ${READ_BODY_BYTES} bytes`));
    else answered();
    sent.destroy();
  });
  // Node tells one turn later that everything was sent over TLS.
  response.on('end', () => (sent.writableFinished ? answered() : setImmediate(answered)));
  response.on('error', (error) => end(unreachable(error)));
}

function beginningOf(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString().slice(0, KEPT_BODY_CHARACTERS);
}

function unreachable(error: unknown): Answer {
  const detail = detailOf(error);
  return { kind: 'unreachable', isConnectionLost: CONNECTION_LOST.has(detail), detail };
}

function detailOf(error: unknown): string {
  if (!isObject(error)) return String(error);
  const { code, message } = error;
  return typeof code === 'string' ? code : String(message);
}
