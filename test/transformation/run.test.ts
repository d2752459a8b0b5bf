import { isObject, valueAt } from '../../lib/json.ts';
import { describeThrown } from '../../lib/transformation/failure.ts';
import { runTransformation } from '../../lib/transformation/run.ts';
import type { TransformEvent } from '../../lib/transformation/transform-event.ts';

const EVENT = { type: 'track', event: 'A', messageId: 'm-1', userId: 'u' };

function run(transformEvent: TransformEvent, event: object = EVENT) {
  return runTransformation(transformEvent, { ...event }, { isObject, valueAt });
}

const returns = (value: unknown) => run(() => value);
const failed = (detail: unknown) => ({ kind: 'rejected', reason: 'transformation_failed', detail });

test('the event that it returns, changed in place or anew', () => {
  expect(run((event) => Object.assign(Object(event), { userId: 'v' }))).toEqual({
    kind: 'transformed',
    events: [{ ...EVENT, userId: 'v' }],
    isList: false,
  });
  expect(returns({ type: 'identify' })).toMatchObject({ events: [{ type: 'identify' }] });
});

test('a list of events, in its order', () => {
  const list = [EVENT, { ...EVENT, event: 'B' }, EVENT];
  expect(returns(list)).toEqual({ kind: 'transformed', events: list, isList: true });
  expect(returns([EVENT])).toEqual({ kind: 'transformed', events: [EVENT], isList: true });
});

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['an empty list', []],
])('%s drops the event', (_, value) => {
  expect(returns(value)).toEqual({ kind: 'filtered', reason: 'dropped_by_transformation' });
});

describe('what is no event is refused, and named', () => {
  test.each<[string, unknown, string]>([
    ['a text', 'event', 'what it returned is a string, and has to be an event'],
    ['true', true, 'what it returned is a boolean, and has to be an event'],
    ['a function', () => EVENT, 'what it returned is a function, and has to be an event'],
    ['a date', new Date(0), 'what it returned is written as a string, and has to be an event'],
    ['a list of lists', [[EVENT]], 'element 1 of the list that it returned is a list, and has to be an event'],
    ['a list with null', [EVENT, null], 'element 2 of the list that it returned is null, and has to be an event'],
    [
      'a list with a hole',
      Object.assign([], { length: 1 }),
      'element 1 of the list that it returned is nothing, and has to be an event',
    ],
    [
      'a promise',
      Promise.resolve(EVENT),
      'what it returned is a promise: transformEvent has to be a plain function, without async and await',
    ],
    [
      'a promise in a list',
      [EVENT, Promise.reject(new Error('nobody waits for it'))],
      'element 2 of the list that it returned is a promise: transformEvent has to be a plain function, without async and await',
    ],
    [
      'an event with a promise',
      { ...EVENT, properties: { hash: Promise.reject(new Error('nobody waits for it')) } },
      'what it returned has a promise in it, and nothing waits for it',
    ],
    [
      'a list of promises',
      ['A', 'B'].map((name) => Promise.reject(new Error(name))),
      'element 1 of the list that it returned is a promise: transformEvent has to be a plain function, without async and await',
    ],
    ['an event with bytes', { file: Buffer.from('a') }, 'what it returned has binary data'],
  ])('%s', (_, value, detail) => {
    expect(returns(value)).toEqual(failed(detail));
  });
});

test('what is too much for an event has the reasons that it has from outside', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  expect(returns([EVENT, cyclic])).toEqual({
    kind: 'rejected',
    reason: 'too_deep',
    detail:
      'element 2 of the list that it returned has more than 501 levels of objects, or an object that holds itself',
  });
  expect(returns(Array.from({ length: 1001 }, () => EVENT))).toEqual({
    kind: 'rejected',
    reason: 'too_large',
    detail: 'it returned 1001 events, and may return 1000 at most',
  });
  expect(returns({ text: 'x'.repeat(5_000_000) })).toMatchObject({ kind: 'rejected', reason: 'too_large' });
});

test('the code of a value that throws fails the event like the transformation', () => {
  const get = (): never => {
    throw new Error('from a getter');
  };
  expect(returns(Object.defineProperty({}, 'a', { get, enumerable: true }))).toEqual(failed('Error: from a getter'));
  expect(returns({ toJSON: get })).toEqual(failed('Error: from a getter'));
  expect(returns(new Proxy({}, { ownKeys: get }))).toEqual(failed('Error: from a getter'));
});

describe('what it throws', () => {
  const hostile = {
    get stack(): string {
      throw new Error('no stack');
    },
    toString(): string {
      throw new Error('no text');
    },
  };
  test.each<[string, unknown, string]>([
    ['an error', new TypeError('no such field'), 'TypeError: no such field'],
    ['an error of its own class', Object.assign(new Error('w'), { name: 'PlanError' }), 'PlanError: w'],
    ['a text', 'wrong', 'wrong'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an object', { code: 7 }, '[object Object]'],
    ['an object without a prototype', Object.create(null), 'a thrown object that cannot be written as text'],
    ['an object whose code throws', hostile, 'a thrown object that cannot be written as text'],
    ['an error with a stack that is no text', Object.assign(new Error('a'), { stack: 7 }), 'Error: a'],
    ['a long text', 'x'.repeat(10_000), `${'x'.repeat(500)}…`],
  ])('%s is described in words', (_, thrown, detail) => {
    expect(
      run(() => {
        throw thrown;
      }),
    ).toEqual(failed(detail));
  });

  test('has the first line of its file that the stack names', () => {
    const stack = [
      'TypeError: at transformation/other',
      '    at Array.map (<anonymous>)',
      '    at inner (transformation/transformation.js:12:31)',
      '    at transformEvent (transformation/transformation.js:40:3)',
      '    at file:///var/task/forward.mjs:1:200',
    ].join('\n');
    const error = Object.assign(new TypeError('x'), { stack });
    expect(describeThrown(error)).toBe('TypeError: x (transformation/transformation.js:12:31)');
  });

  test('an endless recursion fails the event alone', () => {
    const deep = (event: unknown): unknown => [deep(event)];
    expect(run(deep)).toEqual(failed(expect.stringMatching(/^RangeError: Maximum call stack size exceeded/)));
  });
});

test('metadata(event) gives what the event says of its source, as it came, and undefined for the rest', () => {
  const seen: unknown[] = [];
  run(
    (event, metadata) => {
      Object.assign(Object(event), { messageId: 'changed' });
      seen.push(metadata(event), metadata());
      return event;
    },
    { ...EVENT, receivedAt: '2026-11-20T09:00:00Z', rudderId: 'r', context: { sourceId: 's', sourceType: 'Web' } },
  );
  const expected = {
    messageId: 'm-1',
    rudderId: 'r',
    sourceId: 's',
    sourceType: 'Web',
    destinationType: 'HEAP',
    receivedAt: '2026-11-20T09:00:00Z',
    eventName: 'A',
    eventType: 'track',
    mode: 'cloudMode',
  };
  expect(seen).toEqual([expected, expected]);
});

test('metadata takes nothing but texts, and a change of it changes nothing', () => {
  const seen: unknown[] = [];
  run(
    (event, metadata) => {
      Object.assign(metadata(event), { sourceId: 'changed' });
      seen.push(metadata(event).sourceId, metadata(event).messageId);
      return event;
    },
    { ...EVENT, messageId: 7, context: 'none', sourceId: 's' },
  );
  expect(seen).toEqual(['s', undefined]);
});
