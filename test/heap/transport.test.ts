import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createTransport, type Answer } from '../../lib/heap/transport.ts';
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

/** Posts a text by a transport that has not been used yet. */
async function post(url: string, body: string, timeoutMs = NEVER_MS): Promise<Answer> {
  return await createTransport(Date.now)(url, Buffer.from(body), timeoutMs);
}

/** A server below HTTP. */
async function serveRaw(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push({
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
  const address = server.address();
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
}

/** Waits until a connection is closed, also by an error. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

test('posts the body as JSON, and says who it is', async () => {
  const requests: { method?: string; path?: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const { url } = await serve(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    requests.push({ method, path, headers, body: await text(request) });
    response.end('OK');
  });
  expect(await post(`${url}/api/track`, '{"a":"ü"}')).toEqual({
    kind: 'answered',
    status: 200,
    retryAfter: undefined,
    body: 'OK',
    wasSent: true,
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
  expect(await post(url, '{}')).toEqual({
    kind: 'answered',
    status: 429,
    retryAfter: '7',
    body: 'x'.repeat(500),
    wasSent: true,
  });
});

test('does not follow a redirect: nothing proves that Heap is at its other end', async () => {
  const paths: string[] = [];
  const { url } = await serve(({ url: path = '' }, response) => {
    paths.push(path);
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  expect(await post(`${url}/here`, '{}')).toMatchObject({ kind: 'answered', status: 307 });
  expect(paths).toEqual(['/here']);
});

describe('connections', () => {
  test('are used again, also after an answer whose body is not needed, and after many early hints', async () => {
    const sockets = new Set<unknown>();
    const { url } = await serve(async (request, response) => {
      sockets.add(request.socket);
      await text(request);
      for (let hint = 0; hint < 100; hint += 1) response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.writeHead(503).end('x'.repeat(100_000));
    });
    const transport = createTransport(Date.now);
    // The next request follows at once, as the function sends them.
    for (const body of ['{}', 'x'.repeat(500_000), '{}', 'y'.repeat(500_000), '{}']) {
      expect(await transport(url, Buffer.from(body), NEVER_MS)).toMatchObject({ status: 503, wasSent: true });
    }
    expect(sockets.size).toBe(1);
  });

  test('are as many as there are requests under way, and all of them are used again', async () => {
    const sockets = new Set<unknown>();
    const waiting: (() => void)[] = [];
    const { url } = await serve((request, response) => {
      sockets.add(request.socket);
      waiting.push(() => response.end('OK'));
      // Nobody is answered before all have come.
      if (waiting.length === 64) for (const answer of waiting.splice(0)) answer();
    });
    const transport = createTransport(Date.now);
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(Array.from({ length: 64 }, () => transport(url, Buffer.from('{}'), NEVER_MS)));
    }
    expect(sockets.size).toBe(64);
  });

  test('that were idle for more than 50 s are not used again: a container that was frozen does not see that they are dead', async () => {
    const sockets = new Set<unknown>();
    const { url } = await serve(({ socket }, response) => {
      sockets.add(socket);
      response.end('OK');
    });
    let now = 0;
    const transport = createTransport(() => now);
    for (const pauseMs of [0, 50_000, 50_001, 50_000]) {
      now += pauseMs;
      await transport(url, Buffer.from('{}'), NEVER_MS);
    }
    expect(sockets.size).toBe(2);
  });

  test('beside a lost one are not used again: the next request would be lost as well', async () => {
    let connections = 0;
    let areLost = false;
    const waiting: Socket[] = [];
    const url = await serveRaw((socket) => {
      connections += 1;
      socket.on('data', () => {
        if (areLost) socket.resetAndDestroy();
        else if (waiting.push(socket) === 3) for (const one of waiting.splice(0)) one.write(OK);
      });
    });
    const transport = createTransport(Date.now);
    const send = (): Promise<Answer> => transport(url, Buffer.from('{}'), NEVER_MS);
    await Promise.all([send(), send(), send()]);
    expect(connections).toBe(3);
    areLost = true;
    expect(await send()).toMatchObject({ kind: 'unreachable', isConnectionLost: true });
    areLost = false;
    await Promise.all([send(), send(), send()]);
    expect(connections).toBe(6);
  });
});

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK';

describe('a timeout', () => {
  test('is told when Heap does not answer', async () => {
    const { url } = await serve(() => undefined);
    expect(await post(url, '{}', 20)).toEqual({ kind: 'timeout' });
  });

  test('is told when Heap does not end its answer', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200).write('O');
    });
    expect(await post(url, '{}', 20)).toEqual({ kind: 'timeout' });
  });

  test('is told when an answer comes byte by byte, or hints come without end', async () => {
    const closed: Promise<unknown>[] = [];
    for (const [first, more] of [
      ['HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n', 'x'],
      ['', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ] as const) {
      const url = await serveRaw((socket) => {
        closed.push(closeOf(socket));
        socket.once('data', () => {
          socket.write(first);
          const timer = setInterval(() => socket.write(more), 1);
          socket.once('close', () => clearInterval(timer));
        });
      });
      expect(await post(url, '{}', 50)).toEqual({ kind: 'timeout' });
    }
    // A request that nobody waits for any more does not keep its connection.
    await Promise.all(closed);
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
    expect(await post(url, '{}')).toMatchObject(expected);
    // Were the answer read on, its connection would stay open.
    await Promise.all(closed);
  });

  test('a compressed answer, which is not unpacked', async () => {
    const zipped = gzipSync(Buffer.alloc(40 * MEBI, 'x'));
    const { url } = await serve((_, response) => {
      response.writeHead(500, { 'content-encoding': 'gzip' }).end(zipped);
    });
    const before = process.memoryUsage().arrayBuffers;
    const answers = Array.from({ length: 8 }, () => post(url, '{}'));
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ status: 500, body: '(a body in gzip)' });
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * MEBI);
  });

  test('characters of several bytes, in chunks that split them', async () => {
    const { url } = await serve(async (_, response) => {
      response.writeHead(400);
      for (const byte of Buffer.from('üx€😀'.repeat(300))) response.write(Buffer.from([byte]));
      await setImmediate();
      response.end();
    });
    expect(await post(url, '{}')).toMatchObject({ status: 400, body: 'üx€😀'.repeat(300).slice(0, 500) });
  });

  test.each([
    ['at the limit', MEBI, 'answered'],
    ['above it', MEBI + 1, 'unreachable'],
  ])('a success with a body of 1 MiB, %s', async (_, bytes, kind) => {
    const { url } = await serve((__, response) => {
      response.end('x'.repeat(bytes));
    });
    expect((await post(url, '{}')).kind).toBe(kind);
  });

  test('asks for answers that are not compressed', async () => {
    const asked: unknown[] = [];
    const { url } = await serve(({ headers }, response) => {
      asked.push(headers['accept-encoding']);
      response.writeHead(400, { 'content-encoding': 'identity' }).end('why');
    });
    expect(await post(url, '{}')).toMatchObject({ body: 'why' });
    expect(asked).toEqual(['identity']);
  });
});

test.each([600_000.5, 9987.25, 2 ** 31, 1e12, Infinity])(
  'a timeout may be a fraction, or very long: %s ms',
  async (timeoutMs) => {
    const { url } = await serve((_, response) => {
      response.end('OK');
    });
    expect(await post(url, '{}', timeoutMs)).toMatchObject({ kind: 'answered' });
  },
);

test.each([0.5, 0, -3])('a timeout of less than a millisecond is one: %s ms', async (timeoutMs) => {
  const { url } = await serve(() => undefined);
  expect(await post(url, '{}', timeoutMs)).toEqual({ kind: 'timeout' });
});

describe('a lost connection, which says nothing about Heap', () => {
  /** Serves connections that end as told when something comes, after so many answers. */
  function lose(onData: (socket: Socket) => void, answers = 0): Promise<string> {
    return serveRaw((socket) => {
      let left = answers;
      socket.on('data', () => {
        if (left === 0) onData(socket);
        else socket.write(OK);
        left -= 1;
      });
    });
  }

  test.each<[string, (socket: Socket) => void, string]>([
    ['is one that the server resets', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['is one that the server closes without an answer', (socket) => socket.end(), 'ECONNRESET'],
    ['is one that ends within the head of an answer', (socket) => socket.end('HTTP/1.1 200 O'), 'ECONNRESET'],
    ['is one that ends after a 100 Continue', (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n'), 'ECONNRESET'],
  ])('%s', async (_, onData, detail) => {
    const url = await lose(onData);
    expect(await post(url, '{}')).toEqual({ kind: 'unreachable', isConnectionLost: true, detail });
  });

  test('is one that was kept alive, and that the server closes on its next use', async () => {
    const url = await lose((socket) => socket.destroy(), 1);
    const transport = createTransport(Date.now);
    const send = (): Promise<Answer> => transport(url, Buffer.from('{}'), NEVER_MS);
    expect(await send()).toMatchObject({ kind: 'answered', body: 'OK' });
    expect(await send()).toMatchObject({ kind: 'unreachable', isConnectionLost: true });
  });

  test('is one that the server has closed before a long body is through', async () => {
    const url = await serveRaw((socket) => {
      socket.destroy();
    });
    // On Linux the code is EPIPE, as long as the server closes before the first byte is there; else ECONNRESET.
    expect(await post(url, 'x'.repeat(8_000_000))).toMatchObject({
      kind: 'unreachable',
      isConnectionLost: true,
    });
  });
});

describe('unreachable, whatever the status, is also', () => {
  test.each([
    ['before its length', 'content-length: 100', 'O'],
    ['before its last chunk', 'transfer-encoding: chunked', '2\r\nOK\r\n'],
  ])('an answer that breaks off %s: nobody knows what it was going to say', async (_, header, body) => {
    for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
      const url = await serveRaw((socket) => {
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n${body}`, () => end(socket));
        });
      });
      expect(await post(url, '{}')).toEqual({ kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' });
    }
  });

  test.each([
    ['is not HTTP', '220 mail.example.com ESMTP\r\n', 'HPE_INVALID_CONSTANT'],
    ['has a header that HTTP does not allow', 'HTTP/1.1 200 OK\r\na b: c\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['has headers without end', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(100_000)}\r\n\r\n`, 'HPE_HEADER_OVERFLOW'],
    ['has a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', 'HPE_INVALID_CONTENT_LENGTH'],
    ['is followed by something else', `${OK}and more`, 'HPE_INVALID_CONSTANT'],
    [
      'switches to another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
      'the connection was closed without an answer',
    ],
  ])('an answer that %s', async (_, answer, detail) => {
    const url = await serveRaw((socket) => {
      socket.once('data', () => socket.write(answer));
    });
    expect(await post(url, '{}')).toEqual({ kind: 'unreachable', isConnectionLost: false, detail });
  });

  test('an address where nobody listens; trying again at once does not help there', async () => {
    const url = await serveRaw(() => undefined);
    const [listening] = servers.splice(0);
    await listening?.stop();
    expect(await post(url, '{}')).toEqual({
      kind: 'unreachable',
      isConnectionLost: false,
      detail: 'ECONNREFUSED',
    });
  });

  test.each([
    ['no URL', 'not a url'],
    ['of another protocol', 'ftp://example.com/'],
    ['with a port that does not exist', 'http://127.0.0.1:99999/'],
  ])('a URL that is %s', async (_, url) => {
    expect(await post(url, '{}')).toMatchObject({ kind: 'unreachable', isConnectionLost: false });
  });
});

describe('the answer is taken that comes', () => {
  const withStatus = (status: string): string => `HTTP/1.1 ${status}\r\ncontent-length: 2\r\n\r\nNO`;

  test.each<[string, string, number]>([
    ['after a 100 Continue that nobody has asked for', `HTTP/1.1 100 Continue\r\n\r\n${OK}`, 200],
    ['after a 102 Processing', `HTTP/1.1 102 Processing\r\n\r\n${withStatus('503 Busy')}`, 503],
    ['after a 103 Early Hints', `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}`, 200],
    ['first of two', `${withStatus('500 Failed')}${OK}`, 500],
    ['with the offer of another protocol', OK.replace('OK\r\n', 'OK\r\nupgrade: h2\r\nconnection: upgrade\r\n'), 200],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
  ])('%s', async (_, answer, status) => {
    const url = await serveRaw((socket) => {
      socket.on('data', () => socket.write(answer));
    });
    const transport = createTransport(Date.now);
    for (let request = 0; request < 2; request += 1) {
      expect(await transport(url, Buffer.from('{}'), NEVER_MS)).toMatchObject({ kind: 'answered', status });
    }
  });

  test('before the next request; a second answer to the one before is not its own', async () => {
    let connections = 0;
    const url = await serveRaw((socket) => {
      connections += 1;
      const number = connections;
      socket.once('data', () => socket.write(number === 1 ? OK + OK : withStatus('500 Failed')));
    });
    const transport = createTransport(Date.now);
    expect(await transport(url, Buffer.from('{}'), NEVER_MS)).toMatchObject({ status: 200 });
    expect(await transport(url, Buffer.from('{}'), NEVER_MS)).toMatchObject({ status: 500 });
  });

  test.each<[string, string, object]>([
    ['a refusal', withStatus('413 Too Large'), { kind: 'answered', status: 413, body: 'NO' }],
    ['a success, which is not believed,', OK, { kind: 'unreachable', isConnectionLost: false }],
  ])('before the request is read, and the connection is not used again: %s', async (_, answer, expected) => {
    const sockets: Socket[] = [];
    const url = await serveRaw((socket) => {
      sockets.push(socket);
      // More than the operating system takes is left.
      socket.once('data', () => socket.pause().write(answer));
    });
    const got = await post(url, 'x'.repeat(20_000_000));
    expect(got).toMatchObject(expected);
    expect(got).not.toHaveProperty('wasSent');
    // It would be sent to its end, and then be kept.
    await Promise.all(sockets.map((socket) => closeOf(socket.resume())));
  });
});
