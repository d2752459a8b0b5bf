import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { isObject } from '../lib/json.ts';
import { startLoopbackServer, type LoopbackServer } from '../local/loopback-server.ts';
import { createSelfSignedCertificate } from '../local/self-signed-certificate.ts';
import { startHarness, type Harness } from './support/lambda-harness.ts';

/** The built bundle in a process of its own, with a server for Heap that speaks TLS. */

const certificate = createSelfSignedCertificate();
const folder = mkdtempSync(join(tmpdir(), 'forward-tls-'));
const NODE_EXTRA_CA_CERTS = join(folder, 'ca.pem');
writeFileSync(NODE_EXTRA_CA_CERTS, certificate.cert);

let heap: LoopbackServer;
let harness: Harness;
/** One for each request: its connection. */
let requests: Socket[] = [];
/** Heap answers when so many requests are waiting. */
let answersAt = 1;
const waiting: ServerResponse[] = [];

beforeAll(async () => {
  heap = await startLoopbackServer(
    0,
    async (request, response) => {
      requests.push(request.socket);
      await text(request);
      if (waiting.push(response) === answersAt) for (const one of waiting.splice(0)) one.end('OK');
    },
    certificate,
  );
});

afterEach(async () => {
  await harness.stop();
  requests = [];
  answersAt = 1;
});

afterAll(async () => {
  await heap.stop();
  rmSync(folder, { recursive: true });
});

async function start(environment: Readonly<Record<string, string>>): Promise<void> {
  harness = await startHarness({ HEAP_BASE_URL: heap.url, ...environment });
}

/** Sends user properties and an event, which are two requests, and returns what the log says. */
async function deliverBoth(): Promise<Readonly<Record<string, unknown>>> {
  await harness.invokeWith(
    '[{"type":"identify","userId":"u","traits":{"a":1}},{"type":"track","userId":"u","event":"A","messageId":"m"}]',
  );
  const line: unknown = JSON.parse(harness.logs.findLast((one) => one.includes('batch_forwarded')) ?? '{}');
  return isObject(line) ? line : {};
}

test('a certificate is accepted that NODE_EXTRA_CA_CERTS names, and all requests use one connection', async () => {
  await start({ NODE_EXTRA_CA_CERTS });
  for (let invocation = 0; invocation < 3; invocation += 1) {
    expect(await deliverBoth()).toMatchObject({ delivered: 2 });
  }
  expect(requests).toHaveLength(6);
  expect(new Set(requests).size).toBe(1);
});

test('eight requests of an app are under way at once, over as many connections, which the next batch uses again', async () => {
  await start({ NODE_EXTRA_CA_CERTS, MAXIMUM_CONCURRENCY: '1' });
  answersAt = 8;
  const events = Array.from(
    { length: 7001 },
    (_, index) => `{"type":"track","userId":"u-${index}","event":"A","messageId":"m-${index}"}`,
  );
  await harness.invokeWith(gzipSync(`[${events.join(',')}]`).toString('base64'));
  expect(requests).toHaveLength(8);
  answersAt = 1;
  expect(await deliverBoth()).toMatchObject({ delivered: 2 });
  expect(requests).toHaveLength(10);
  expect(new Set(requests).size).toBe(8);
});

test('any other certificate defers the events', async () => {
  await start({});
  expect(await deliverBoth()).toMatchObject({ delivered: 0, deferred: { heap_unreachable: 2 } });
  expect(requests).toHaveLength(0);
});

describe('a proxy', () => {
  let tunnels: unknown[] = [];
  let proxyUrl: string;
  const sockets = new Set<Socket>();
  const proxy = createServer();

  beforeAll(async () => {
    proxy.on('connect', ({ url = '' }, socket: Socket) => {
      tunnels.push(url);
      const upstream = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const one of [socket, upstream]) sockets.add(one.on('error', () => undefined));
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    proxyUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
    await once(proxy, 'close');
  });

  test.each<[string, (url: string) => Readonly<Record<string, string>>, boolean]>([
    ['is used', (HTTPS_PROXY) => ({ NODE_USE_ENV_PROXY: '1', HTTPS_PROXY }), true],
    [
      'is not used for a host in NO_PROXY',
      (HTTPS_PROXY) => ({ NODE_USE_ENV_PROXY: '1', HTTPS_PROXY, NO_PROXY: '127.0.0.1' }),
      false,
    ],
    ['is not used without NODE_USE_ENV_PROXY', (HTTPS_PROXY) => ({ HTTPS_PROXY }), false],
  ])('that HTTPS_PROXY names %s', async (_, environment, isUsed) => {
    tunnels = [];
    await start({ NODE_EXTRA_CA_CERTS, ...environment(proxyUrl) });
    expect(await deliverBoth()).toMatchObject({ delivered: 2 });
    expect(tunnels).toEqual(isUsed ? [new URL(heap.url).host] : []);
    expect(new Set(requests).size).toBe(1);
  });
});
