import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setDefaultCACertificates } from 'node:tls';
import { createHeapClient } from '../../lib/heap/client.ts';
import { createRateLimiter, rateLimitsFor } from '../../lib/heap/rate-limiter.ts';
import { RETRY_POLICY } from '../../lib/heap/retry.ts';
import { createTransport, type Answer } from '../../lib/heap/transport.ts';
import { createSelfSignedCertificate, type Certificate } from '../../local/self-signed-certificate.ts';
import { requestsOf, trackOf } from './calls.ts';

/** Longer than anything here takes: these tests do not wait for time. */
const NEVER_MS = 600_000;

const trusted = createSelfSignedCertificate();
const expired = createSelfSignedCertificate('127.0.0.1', '20210101000000Z');
const ofAnotherHost = createSelfSignedCertificate('heap.example.com');

beforeAll(() => {
  setDefaultCACertificates([trusted, expired, ofAnotherHost].map(({ cert }) => cert));
});

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface TlsServer {
  readonly url: string;
  readonly server: Server;
  readonly bodies: readonly string[];
  readonly connections: () => number;
  /** How many of them have continued an earlier session. */
  readonly resumed: () => number;
}

/** Answers each request when its body is there. */
async function serve(certificate: Certificate = trusted): Promise<TlsServer> {
  const bodies: string[] = [];
  let connections = 0;
  let resumed = 0;
  const server = createHttpsServer(certificate, (request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    bodies.push(await text(request));
    response.end('OK');
  }
  server.keepAliveTimeout = 0;
  server.on('secureConnection', (socket) => {
    connections += 1;
    if (socket.isSessionReused()) resumed += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `https://127.0.0.1:${port}`,
    server,
    bodies,
    connections: () => connections,
    resumed: () => resumed,
  };
}

async function post(url: string, timeoutMs = NEVER_MS): Promise<Answer> {
  return await createTransport(Date.now)(url, Buffer.from('{}'), timeoutMs);
}

test('requests one after the other use one connection, long ones too', async () => {
  const { url, bodies, connections } = await serve();
  const transport = createTransport(Date.now);
  const lengths = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 10 : 1_000_000));
  for (const length of lengths) {
    const answer = await transport(url, Buffer.alloc(length, 'x'), NEVER_MS);
    expect(answer).toEqual({ kind: 'answered', status: 200, retryAfter: undefined, body: 'OK', wasSent: true });
  }
  expect(bodies.map(({ length }) => length)).toEqual(lengths);
  expect(connections()).toBe(1);
});

test('requests at once open no more connections than there are requests, and a new connection continues a session', async () => {
  const { url, connections, resumed } = await serve();
  let now = 0;
  const transport = createTransport(() => now);
  const sendAll = async (): Promise<void> => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => transport(url, Buffer.alloc(100_000, 'x'), NEVER_MS)),
    );
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, wasSent: true });
  };
  for (let round = 0; round < 3; round += 1) await sendAll();
  expect(connections()).toBeLessThanOrEqual(8);
  // As after a pause in which the connections may have died.
  now += 60_000;
  const before = connections();
  await sendAll();
  expect(connections()).toBeGreaterThan(before);
  expect(resumed()).toBeGreaterThanOrEqual(connections() - before);
});

test.each([
  ['has expired', expired, 'CERT_HAS_EXPIRED'],
  ['is for another host', ofAnotherHost, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['nobody has signed that is trusted', createSelfSignedCertificate(), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
])('a certificate that %s makes Heap unreachable, and nothing is sent', async (_, certificate, detail) => {
  const { url, bodies } = await serve(certificate);
  expect(await post(url)).toEqual({ kind: 'unreachable', isConnectionLost: false, detail });
  expect(bodies).toEqual([]);
});

/** A server below TLS. */
async function serveRaw(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

test('the timeout covers the handshake, and closes the connection', async () => {
  const closed: Promise<unknown>[] = [];
  const url = await serveRaw((socket) => {
    closed.push(new Promise((resolve) => socket.once('close', resolve)));
    socket.resume();
  });
  expect(await post(url, 50)).toEqual({ kind: 'timeout' });
  await Promise.all(closed);
});

test.each<[string, (socket: Socket) => void, object]>([
  [
    'is ended',
    (socket) => socket.once('data', () => socket.end()),
    { kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' },
  ],
  [
    'is answered in plain HTTP',
    (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'),
    { kind: 'unreachable', isConnectionLost: false, detail: 'EPROTO' },
  ],
])('a handshake that %s makes Heap unreachable', async (_, onConnection, expected) => {
  expect(await post(await serveRaw(onConnection))).toEqual(expected);
});

test('a request that has timed out never arrives with the bytes of a later one', async () => {
  const { server, bodies } = await serve();
  const held: Socket[] = [];
  let connections = 0;
  // The first connection is answered only when everything else is over.
  const url = await serveRaw((socket) => {
    connections += 1;
    if (connections === 1) held.push(socket.pause());
    else server.emit('connection', socket);
  });
  const transport = createTransport(Date.now);
  const client = createHeapClient({
    baseUrl: url,
    transport: (to, body, timeoutMs) => transport(to, body, body.includes('key-a') ? 100 : timeoutMs),
    clock: { now: Date.now, sleep: () => Promise.resolve() },
    random: () => 0,
    rateLimiter: createRateLimiter(rateLimitsFor(1)),
    retryPolicy: { ...RETRY_POLICY, attempts: 1 },
    onAttempt: () => undefined,
  });
  const results: string[] = [];
  for (const letter of 'abcd') {
    const [request] = requestsOf([trackOf(`key-${letter}`, { padding: letter.repeat(500_000) })]);
    if (request !== undefined) results.push((await client.send(request, Date.now() + NEVER_MS)).kind);
  }
  expect(results).toEqual(['deferred', 'delivered', 'delivered', 'delivered']);
  const [socket] = held;
  const closed = new Promise((resolve) => socket?.once('close', resolve));
  server.emit('connection', socket);
  socket?.resume();
  await closed;
  expect(bodies.map((body) => /"padding":"([a-z])\1{499999}".*"key-[a-z]"/.exec(body)?.[1])).toEqual(['b', 'c', 'd']);
});
