import { createCircuit } from '../../lib/heap/circuit.ts';
import { createCircuits, type Circuits, type FailureScope } from '../../lib/heap/circuits.ts';
import { deferred, type Deferred } from '../../lib/outcome.ts';

const policy = { failures: 3, openMs: 1000 };

type Apps = NonNullable<Parameters<typeof createCircuits>[1]>;

const unavailable = deferred('heap_error', 'Heap answered 503', { heapStatus: 503 });
const throttled = deferred('heap_throttled', 'Heap answered 429', { heapStatus: 429 });

function start(): { circuits: Circuits; apps: Apps } {
  const apps: Apps = new Map();
  return { circuits: createCircuits(() => createCircuit(policy), apps), apps };
}

function fail(
  circuits: Circuits,
  appId: string,
  times: number,
  scope: FailureScope = 'host',
  now = 0,
  failure: Deferred = scope === 'host' ? unavailable : throttled,
): void {
  for (let count = 0; count < times; count += 1)
    circuits.failed(appId, scope, failure, { startedAt: now, endedAt: now });
}

test('all circuits are closed at first', () => {
  const { circuits, apps } = start();
  expect(circuits.state('a', 0)).toBe('closed');
  expect(apps.size).toBe(0);
});

test('one app that always fails is stopped, and never another', () => {
  const { circuits } = start();
  fail(circuits, 'a', 100);
  expect(circuits.state('a', 0)).toBe('open');
  expect(circuits.state('b', 0)).toBe('closed');
  expect(circuits.openUntil('a')).toBe(1000);
});

test('two apps that fail stop all, also those that have sent nothing', () => {
  const { circuits } = start();
  fail(circuits, 'a', 2);
  fail(circuits, 'b', 1, 'host', 500);
  expect(['a', 'b', 'c'].map((appId) => circuits.state(appId, 500))).toEqual(['open', 'open', 'open']);
  expect(circuits.openUntil('c')).toBe(1500);
  expect(['a', 'b', 'c'].map((appId) => circuits.state(appId, 1500))).toEqual(['probing', 'probing', 'probing']);
});

test('two apps with fewer failures than the policy stop none', () => {
  const { circuits } = start();
  fail(circuits, 'a', 1);
  fail(circuits, 'b', 1);
  expect(circuits.state('c', 0)).toBe('closed');
});

test('a probe that fails stops all again', () => {
  const { circuits } = start();
  fail(circuits, 'a', 3);
  fail(circuits, 'b', 3);
  fail(circuits, 'c', 1, 'host', 1200);
  expect(circuits.state('d', 2199)).toBe('open');
  expect(circuits.state('d', 2200)).toBe('probing');
});

test('failures of an app alone, such as 429, stop only this app, however many apps have them', () => {
  const { circuits } = start();
  for (const appId of ['a', 'b', 'c']) fail(circuits, appId, 5, 'app');
  expect(['a', 'b', 'c', 'd'].map((appId) => circuits.state(appId, 0))).toEqual(['open', 'open', 'open', 'closed']);
});

test('a failure of an app alone shows that the host answers', () => {
  const { circuits } = start();
  fail(circuits, 'a', 2);
  fail(circuits, 'b', 2);
  fail(circuits, 'c', 1, 'app');
  expect(circuits.state('d', 0)).toBe('closed');
});

describe('an answer', () => {
  test('opens the way for all other apps, and for its own', () => {
    const { circuits, apps } = start();
    fail(circuits, 'a', 3);
    fail(circuits, 'b', 3);
    circuits.judged('a');
    expect(['a', 'b', 'c'].map((appId) => circuits.state(appId, 0))).toEqual(['closed', 'open', 'closed']);
    expect([...apps.keys()]).toEqual(['b']);
  });

  test('starts the count of the host anew', () => {
    const { circuits } = start();
    fail(circuits, 'a', 2);
    circuits.judged('c');
    fail(circuits, 'a', 1);
    fail(circuits, 'b', 1);
    expect(circuits.state('c', 0)).toBe('closed');
  });
});

test('after an answer, one app that fails again does not stop the others, although another has failed before', () => {
  const { circuits } = start();
  fail(circuits, 'a', 1);
  fail(circuits, 'b', 1);
  circuits.judged('c');
  fail(circuits, 'a', 5);
  expect(['a', 'b', 'c'].map((appId) => circuits.state(appId, 0))).toEqual(['open', 'closed', 'closed']);
});

test('the later of the two open periods counts', () => {
  const { circuits } = start();
  fail(circuits, 'a', 3, 'host', 0);
  fail(circuits, 'b', 3, 'host', 100);
  // The probe of an app that fails while the host is open, as one that was under way before.
  fail(circuits, 'a', 1, 'host', 700);
  expect(['a', 'b', 'c'].map(circuits.openUntil)).toEqual([1700, 1700, 1700]);
  fail(circuits, 'a', 1, 'app', 900);
  expect(['a', 'b', 'c'].map(circuits.openUntil)).toEqual([1900, 1100, 0]);
  expect(['a', 'b', 'c'].map((appId) => circuits.state(appId, 1800))).toEqual(['open', 'probing', 'closed']);
});

describe('the last failure', () => {
  const messageOf = (circuits: Circuits, ...appIds: string[]): unknown[] =>
    appIds.map((appId) => circuits.lastFailure(appId)?.detail);

  test('is unknown at first, and after an app’s own success if the host has never failed', () => {
    const { circuits } = start();
    expect(circuits.lastFailure('a')).toBeUndefined();
    fail(circuits, 'a', 3, 'app');
    expect(circuits.lastFailure('a')).toEqual(throttled);
    expect(circuits.lastFailure('b')).toBeUndefined();
    circuits.judged('a');
    expect(circuits.lastFailure('a')).toBeUndefined();
  });

  test('of an app that is open is its own latest one', () => {
    const { circuits } = start();
    fail(circuits, 'a', 2);
    fail(circuits, 'a', 1, 'app');
    fail(circuits, 'b', 3, 'app', 0, deferred('heap_client_error', 'Heap answered 403'));
    expect(messageOf(circuits, 'a', 'b')).toEqual(['Heap answered 429', 'Heap answered 403']);
  });

  test('is that of the host for an app that has sent nothing, or is open for a shorter time', () => {
    const { circuits } = start();
    fail(circuits, 'a', 1, 'app');
    fail(circuits, 'b', 2);
    fail(circuits, 'c', 1, 'host', 100, deferred('heap_timeout', 'no answer'));
    // The first app was once told to wait, but what stops it now is the host.
    expect(messageOf(circuits, 'a', 'b', 'c', 'd')).toEqual(['no answer', 'no answer', 'no answer', 'no answer']);
  });
});

test('of very many apps that fail only a thousand are remembered, the latest', () => {
  const { circuits, apps } = start();
  for (let app = 0; app < 2500; app += 1) {
    fail(circuits, `app-${app}`, 3, 'app');
    circuits.state(`other-${app}`, 0);
  }
  expect(apps.size).toBe(1000);
  expect(circuits.state('app-2499', 0)).toBe('open');
  expect(circuits.state('app-1499', 0)).toBe('closed');
});
