import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { fetchTransport } from '../../lib/heap/transport.ts';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';

/** Longer than anything here takes: these tests do not wait for time. */
const NEVER_MS = 600_000;

const servers: { readonly stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const { stop } of servers.splice(0)) await stop();
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
): Promise<LoopbackServer> {
  const server = await startLoopbackServer(0, answer);
  servers.push(server);
  return server;
}

/** A server below HTTP. */
async function serveRaw(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push({
    async stop() {
      server.close();
      await once(server, 'close');
    },
  });
  const address = server.address();
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
}

test('posts the body as JSON, and says who it is', async () => {
  const requests: { method?: string; path?: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const { url } = await serve(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    requests.push({ method, path, headers, body: await text(request) });
    response.end('OK');
  });
  expect(await fetchTransport(`${url}/api/track`, '{"a":"ü"}', NEVER_MS)).toEqual({
    kind: 'answered',
    status: 200,
    retryAfter: undefined,
    body: 'OK',
  });
  expect(requests).toMatchObject([
    {
      method: 'POST',
      path: '/api/track',
      body: '{"a":"ü"}',
      headers: { 'content-type': 'application/json', 'user-agent': 'rudderstack-heap-lambda' },
    },
  ]);
});

test('tells the status, the Retry-After header and the beginning of the body', async () => {
  const { url } = await serve((_, response) => {
    response.writeHead(429, { 'retry-after': '7' }).end('x'.repeat(100_000));
  });
  expect(await fetchTransport(url, '{}', NEVER_MS)).toEqual({
    kind: 'answered',
    status: 429,
    retryAfter: '7',
    body: 'x'.repeat(500),
  });
});

test('does not follow a redirect: nothing proves that Heap is at its other end', async () => {
  const paths: string[] = [];
  const { url } = await serve(({ url: path = '' }, response) => {
    paths.push(path);
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  expect(await fetchTransport(`${url}/here`, '{}', NEVER_MS)).toMatchObject({ kind: 'answered', status: 307 });
  expect(paths).toEqual(['/here']);
});

test('uses a connection again, also after an answer whose body is not needed', async () => {
  const sockets = new Set<unknown>();
  const { url } = await serve(({ socket }, response) => {
    sockets.add(socket);
    response.writeHead(503).end('x'.repeat(100_000));
  });
  for (let request = 0; request < 5; request += 1) {
    await fetchTransport(url, '{}', NEVER_MS);
    // The pool takes the connection back when the answer has ended, which is a turn later.
    await setImmediate();
  }
  expect(sockets.size).toBe(1);
});

describe('a timeout', () => {
  test('is told when Heap does not answer', async () => {
    const { url } = await serve(() => undefined);
    expect(await fetchTransport(url, '{}', 20)).toEqual({ kind: 'timeout' });
  });

  test('is told when Heap does not end its answer', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200).write('O');
    });
    expect(await fetchTransport(url, '{}', 20)).toEqual({ kind: 'timeout' });
  });
});

describe('of an answer only the beginning is kept, however long it is', () => {
  const MEBI = 1024 * 1024;

  /** Writes for as long as somebody reads. */
  function writeWithoutEnd(response: Writable): void {
    const chunk = 'x'.repeat(100_000);
    const write = (): void => {
      while (response.write(chunk)) continue;
      response.once('drain', write);
    };
    write();
  }

  test.each([
    ['a refusal', 400, { kind: 'answered', status: 400, body: 'x'.repeat(500) }],
    ['a failure', 503, { kind: 'answered', status: 503, body: 'x'.repeat(500) }],
    ['a success, which is not believed,', 200, { kind: 'unreachable', isConnectionLost: false }],
  ])('%s without end', async (_, status, expected) => {
    const closed: Promise<unknown>[] = [];
    const { url } = await serve((__, response) => {
      closed.push(once(response, 'close'));
      response.writeHead(status);
      writeWithoutEnd(response);
    });
    expect(await fetchTransport(url, '{}', NEVER_MS)).toMatchObject(expected);
    // Were the answer read on, its connection would stay open.
    await Promise.all(closed);
  });

  test('an answer without end in gzip', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(503, { 'content-encoding': 'gzip' });
      const gzip = createGzip();
      gzip.pipe(response);
      writeWithoutEnd(gzip);
      response.once('close', () => gzip.destroy());
    });
    expect(await fetchTransport(url, '{}', NEVER_MS)).toMatchObject({ status: 503, body: 'x'.repeat(500) });
  });

  test('300 KB that unpack to 300 MB use no memory for it', async () => {
    const zipped = gzipSync(Buffer.alloc(300 * MEBI, 'x'));
    const { url } = await serve((_, response) => {
      response.writeHead(500, { 'content-encoding': 'gzip' }).end(zipped);
    });
    const before = process.memoryUsage().arrayBuffers;
    const answers = Array.from({ length: 8 }, () => fetchTransport(url, '{}', NEVER_MS));
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ status: 500 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * MEBI);
  });

  test.each([
    ['at the limit', MEBI, 'answered'],
    ['above it', MEBI + 1, 'unreachable'],
  ])('a success with a body of 1 MiB, %s', async (_, bytes, kind) => {
    const { url } = await serve((__, response) => {
      response.end('x'.repeat(bytes));
    });
    expect((await fetchTransport(url, '{}', NEVER_MS)).kind).toBe(kind);
  });

  test('asks for answers that are not compressed, and reads those that are', async () => {
    const asked: unknown[] = [];
    const { url } = await serve(({ headers }, response) => {
      asked.push(headers['accept-encoding']);
      response.writeHead(400, { 'content-encoding': 'gzip' }).end(gzipSync('why ü'));
    });
    expect(await fetchTransport(url, '{}', NEVER_MS)).toMatchObject({ status: 400, body: 'why ü' });
    expect(asked).toEqual(['identity']);
  });
});

test.each([600_000.5, 9987.25])('a timeout may be a fraction: %s ms', async (timeoutMs) => {
  const { url } = await serve((_, response) => {
    response.end('OK');
  });
  expect(await fetchTransport(url, '{}', timeoutMs)).toMatchObject({ kind: 'answered' });
});

test.each([0.5, 0, -3])('a timeout of less than a millisecond is one: %s ms', async (timeoutMs) => {
  const { url } = await serve(() => undefined);
  expect(await fetchTransport(url, '{}', timeoutMs)).toEqual({ kind: 'timeout' });
});

describe('a lost connection, which says nothing about Heap', () => {
  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK';

  /** Serves connections that end as told when something comes, after so many answers. */
  function lose(onData: (socket: Socket) => void, answers = 0): Promise<string> {
    return serveRaw(
      createServer((socket) => {
        let left = answers;
        socket.on('error', () => undefined);
        socket.on('data', () => {
          if (left === 0) onData(socket);
          else socket.write(OK);
          left -= 1;
        });
      }),
    );
  }

  test.each<[string, (socket: Socket) => void, string]>([
    ['is one that the server resets', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['is one that the server closes without an answer', (socket) => socket.end(), 'UND_ERR_SOCKET'],
  ])('%s', async (_, onData, detail) => {
    const url = await lose(onData);
    expect(await fetchTransport(url, '{}', NEVER_MS)).toEqual({ kind: 'unreachable', isConnectionLost: true, detail });
  });

  test('is one that was kept alive, and that the server closes on its next use', async () => {
    const url = await lose((socket) => socket.destroy(), 1);
    expect(await fetchTransport(url, '{}', NEVER_MS)).toMatchObject({ kind: 'answered', body: 'OK' });
    await setImmediate();
    expect(await fetchTransport(url, '{}', NEVER_MS)).toMatchObject({ kind: 'unreachable', isConnectionLost: true });
  });

  test('is one that the server has closed before a long body is through', async () => {
    const url = await serveRaw(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.destroy();
      }),
    );
    // On Linux the code is EPIPE, as long as the server closes before the first byte is there; else ECONNRESET.
    expect(await fetchTransport(url, 'x'.repeat(8_000_000), NEVER_MS)).toMatchObject({
      kind: 'unreachable',
      isConnectionLost: true,
    });
  });
});

describe('unreachable, whatever the status, is also', () => {
  test('an answer whose body breaks off: nobody knows what it was going to say', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('O');
      void setImmediate().then(() => response.destroy());
    });
    expect(await fetchTransport(url, '{}', NEVER_MS)).toMatchObject({ kind: 'unreachable' });
  });

  test('an answer that is not HTTP', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('220 mail.example.com ESMTP\r\n'));
    });
    const url = await serveRaw(server);
    expect(await fetchTransport(url, '{}', NEVER_MS)).toMatchObject({ kind: 'unreachable', isConnectionLost: false });
  });

  test('an address where nobody listens; trying again at once does not help there', async () => {
    const server = createServer();
    const url = await serveRaw(server);
    const [listening] = servers.splice(0);
    await listening?.stop();
    expect(await fetchTransport(url, '{}', NEVER_MS)).toEqual({
      kind: 'unreachable',
      isConnectionLost: false,
      detail: 'ECONNREFUSED',
    });
  });

  test('a URL that is none', async () => {
    expect(await fetchTransport('not a url', '{}', NEVER_MS)).toMatchObject({
      kind: 'unreachable',
      isConnectionLost: false,
    });
  });
});
