import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { BulkRequest } from '../../lib/heap/bulk.ts';
import { createRequestBodies, type WithBody } from '../../lib/heap/request-bodies.ts';
import type { Answer } from '../../lib/heap/transport.ts';
import { requestsOf, trackOf } from './calls.ts';

const KIBI = 1024;

const ANSWERS: Readonly<Record<string, Answer>> = {
  accepted: { kind: 'answered', status: 200, retryAfter: undefined, body: '', wasSent: true },
  failed: { kind: 'answered', status: 503, retryAfter: undefined, body: '', wasSent: true },
  /** Before the whole request was sent. */
  early: { kind: 'answered', status: 413, retryAfter: undefined, body: '' },
  lost: { kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' },
  timeout: { kind: 'timeout' },
};
const WAS_SENT: ReadonlySet<string> = new Set(['accepted', 'failed']);

function requestOf(text: string): BulkRequest {
  const [request] = requestsOf([trackOf('key', { padding: text })]);
  if (request === undefined) throw new Error('no request');
  return request;
}

/** The URL that is posted to is the name of the answer, and the timeout how many turns it takes. */
function start(onPost: (body: Buffer, name: string) => void = () => undefined): WithBody {
  return createRequestBodies(async (name, body, turns) => {
    for (let turn = 0; turn < turns; turn += 1) await setImmediate();
    onPost(body, name);
    return ANSWERS[name] ?? { kind: 'timeout' };
  });
}

/** Posts a body of about so many bytes once for each answer, and returns the memory that was used. */
async function use(withBody: WithBody, posted: readonly Buffer[], names: readonly string[], bytes = 10) {
  await withBody(requestOf('x'.repeat(bytes)), async (post) => {
    for (const name of names) await post(name, 0);
  });
  return posted.at(-1)?.buffer;
}

test.each<[string, readonly string[], boolean]>([
  ['an answer', ['accepted'], true],
  ['several answers', ['failed', 'accepted'], true],
  ['a timeout', ['timeout'], false],
  ['a timeout, and an answer to a later attempt', ['timeout', 'accepted'], false],
  ['a lost connection', ['lost'], false],
  ['an answer, and a timeout of a later attempt', ['failed', 'timeout'], false],
  ['an answer that came before the whole request was sent', ['early'], false],
])('is the buffer used again after %s? %j → %s', async (_, names, isUsedAgain) => {
  const posted: Buffer[] = [];
  const withBody = start((body) => posted.push(body));
  const first = await use(withBody, posted, names);
  expect((await use(withBody, posted, ['accepted'])) === first).toBe(isUsedAgain);
});

test('all attempts of a request send the same bytes, which are written once', async () => {
  const posted: Buffer[] = [];
  await use(
    start((body) => posted.push(body)),
    posted,
    ['timeout', 'failed', 'accepted'],
  );
  expect(posted).toHaveLength(3);
  expect(new Set(posted).size).toBe(1);
});

test('a request that is not sent takes no buffer', async () => {
  const posted: Buffer[] = [];
  const withBody = start((body) => posted.push(body));
  const first = await use(withBody, posted, ['accepted']);
  await withBody(requestOf('x'), async () => {
    expect(await use(withBody, posted, ['accepted'])).toBe(first);
  });
  expect(await use(withBody, posted, ['accepted'])).toBe(first);
});

test('a buffer that is too small is replaced by a larger one', async () => {
  const posted: Buffer[] = [];
  const withBody = start((body) => posted.push(body));
  expect((await use(withBody, posted, ['accepted'], 10))?.byteLength).toBe(64 * KIBI);
  const larger = await use(withBody, posted, ['accepted'], 100 * KIBI);
  expect(larger?.byteLength).toBe(128 * KIBI);
  expect(await use(withBody, posted, ['accepted'], 10)).toBe(larger);
});

test('no more than eight buffers of 1 MiB are kept, and none that is larger', async () => {
  const posted: Buffer[] = [];
  const withBody = start((body) => posted.push(body));
  const large = await use(withBody, posted, ['accepted'], 1024 * KIBI);
  expect(await use(withBody, posted, ['accepted'])).not.toBe(large);
  const atOnce = async (): Promise<ReadonlySet<unknown>> => {
    posted.length = 0;
    const request = requestOf('x'.repeat(900 * KIBI));
    await Promise.all(Array.from({ length: 20 }, () => withBody(request, (post) => post('accepted', 1))));
    return new Set(posted.map(({ buffer }) => buffer));
  };
  const first = await atOnce();
  expect(first.size).toBe(20);
  expect([...(await atOnce())].filter((buffer) => first.has(buffer))).toHaveLength(8);
});

test('bytes that may still be read never change, whatever else is sent', async () => {
  const attempt = fc.tuple(fc.constantFrom('accepted', ...Object.keys(ANSWERS)), fc.nat({ max: 3 }));
  const request = fc.record({
    attempts: fc.array(attempt, { minLength: 1, maxLength: 3 }),
    length: fc.nat({ max: 200 * KIBI }),
    startsAfter: fc.nat({ max: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 12 }), async (requests) => {
      /** The bodies that may still be read, each with its content. */
      const inUse = new Map<Buffer, string>();
      const withBody = start((body, name) => {
        for (const [bytes, content] of inUse) expect(bytes.toString() === content).toBe(true);
        if (!WAS_SENT.has(name)) inUse.set(body, body.toString());
      });
      await Promise.all(
        requests.map(async ({ attempts, length, startsAfter }, index) => {
          const text = String.fromCharCode(97 + index).repeat(length);
          for (let turn = 0; turn < startsAfter; turn += 1) await setImmediate();
          await withBody(requestOf(text), async (post) => {
            for (const [name, turns] of attempts) await post(name, turns);
          });
        }),
      );
      for (const [bytes, content] of inUse) expect(bytes.toString() === content).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('the bytes that are posted are those of the request, while others are under way', async () => {
  const posted: string[] = [];
  const withBody = start((body) => posted.push(JSON.stringify(JSON.parse(body.toString())).slice(-60)));
  const texts = Array.from({ length: 30 }, (_, index) => `text-${index}`);
  for (const some of [texts.slice(0, 15), texts.slice(15)]) {
    await Promise.all(some.map((text, index) => withBody(requestOf(text), (post) => post('accepted', index % 4))));
  }
  const found = posted.map((body) => /text-\d+/.exec(body)?.[0]);
  expect(found.toSorted()).toEqual(texts.toSorted());
});
