import { readAnswer } from '../../lib/heap/answer.ts';
import type { Answer } from '../../lib/heap/transport.ts';

const NOW = Date.parse('2026-11-20T09:00:00Z');
const answered = (status: number, body = 'because', retryAfter?: string): Answer => ({
  kind: 'answered',
  status,
  retryAfter,
  body,
});

test.each<[string, Answer, object]>([
  ['200 with any body', answered(200, 'Internal Server Error'), { kind: 'delivered' }],
  ['204', answered(204, ''), { kind: 'delivered' }],
  ['299', answered(299), { kind: 'delivered' }],
  ['400', answered(400), { kind: 'refused', status: 400, detail: 'Heap answered 400: because' }],
  ['400 without a body', answered(400, ' \n'), { kind: 'refused', status: 400, detail: 'Heap answered 400' }],
  [
    '401',
    answered(401),
    { kind: 'deferred', reason: 'heap_client_error', heapStatus: 401, detail: 'Heap answered 401: because' },
  ],
  ['301', answered(301), { kind: 'deferred', reason: 'heap_redirected', heapStatus: 301 }],
  ['304', answered(304), { kind: 'deferred', reason: 'heap_redirected', heapStatus: 304 }],
  ['408', answered(408), { kind: 'deferred', reason: 'heap_error', heapStatus: 408 }],
  ['429', answered(429), { kind: 'deferred', reason: 'heap_throttled', heapStatus: 429 }],
  ['500', answered(500), { kind: 'deferred', reason: 'heap_error', heapStatus: 500 }],
  ['599', answered(599), { kind: 'deferred', reason: 'heap_error', heapStatus: 599 }],
  [
    'a lost connection',
    { kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' },
    { kind: 'deferred', reason: 'heap_unreachable', detail: 'Heap cannot be reached: ECONNRESET' },
  ],
  [
    'no answer in time',
    { kind: 'timeout' },
    { kind: 'deferred', reason: 'heap_timeout', detail: 'Heap did not answer in time' },
  ],
])('%s', (_, answer, expected) => {
  expect(readAnswer(answer, NOW)).toMatchObject(expected);
});

/** Every 4xx: only three of them can mean an entry. */
const CLIENT_ERRORS: ReadonlyMap<number, string> = new Map([
  ...Array.from({ length: 100 }, (_, index) => [400 + index, 'heap_client_error'] as const),
  [400, 'refused'],
  [408, 'heap_error'],
  [413, 'refused'],
  [422, 'refused'],
  [429, 'heap_throttled'],
]);

test.each([...CLIENT_ERRORS])('of the 4xx, %i is %s', (status, expected) => {
  const answer = readAnswer(answered(status), NOW);
  expect(answer).toMatchObject({
    detail: `Heap answered ${status}: because`,
    ...(expected === 'refused'
      ? { kind: 'refused', status }
      : { kind: 'deferred', reason: expected, heapStatus: status }),
  });
});

test.each([
  [403, '7', 7000],
  [429, '7', 7000],
  [503, 'Fri, 20 Nov 2026 09:00:30 GMT', 30_000],
  [301, '7', 7000],
])('a %i that asks for a wait passes it on', (status, retryAfter, retryAfterMs) => {
  expect(readAnswer(answered(status, '', retryAfter), NOW)).toMatchObject({ kind: 'deferred', retryAfterMs });
});

test('without a wait that makes sense there is none', () => {
  expect(readAnswer(answered(503, '', 'soon'), NOW)).not.toHaveProperty('retryAfterMs');
});
