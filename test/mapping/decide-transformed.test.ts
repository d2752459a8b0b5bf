import { decide } from '../../lib/mapping/decide.ts';
import { NO_CUTS } from '../../lib/mapping/flatten.ts';
import { endOf } from '../../lib/mapping/mapped.ts';
import { previewBody } from '../../lib/mapping/preview.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { TransformEvent } from '../../lib/transformation/transform-event.ts';
import { settingsWith } from '../support/settings.ts';

const EVENT = {
  type: 'track',
  event: 'Order Completed',
  messageId: 'm-1',
  userId: 'u',
  timestamp: '2026-11-20T09:00:00Z',
  properties: { total: 30 },
};

interface Given {
  readonly event?: JsonObject;
  readonly config?: JsonObject;
}

function decideWith(transformEvent: TransformEvent | undefined, { event = {}, config = {} }: Given = {}) {
  return decide(structuredClone({ ...EVENT, ...event }), settingsWith(config), undefined, transformEvent);
}

/** Returns events that differ from the one that it is given. */
const making =
  (...changes: readonly JsonObject[]): TransformEvent =>
  (event) =>
    changes.map((change) => ({ ...Object(event), ...change }));

function callsOf(...given: Parameters<typeof decideWith>) {
  const decision = decideWith(...given);
  return decision.kind === 'mapped' ? [decision.call, ...(decision.also ?? [])] : [];
}

function keysOf(...given: Parameters<typeof decideWith>): string[] {
  return callsOf(...given).map((call) => (call.kind === 'track' ? call.payload.idempotency_key : call.kind));
}

const [ORIGINAL_KEY = ''] = keysOf(undefined);

test('what it returns is admitted and mapped like any event', () => {
  expect(decideWith((event) => event)).toEqual(decideWith(undefined));
  expect(decideWith(making({ event: 'B', properties: { a: { b: 1 } } }))).toMatchObject({
    kind: 'mapped',
    call: { payload: { event: 'B', properties: { 'a.b': 1 } } },
  });
  expect(decideWith(making({ integrations: { All: false } }))).toEqual({ kind: 'filtered', reason: 'integrations' });
  expect(decideWith(making({ type: 'page' }))).toEqual({ kind: 'filtered', reason: 'unsupported_type' });
  expect(decideWith(making({ type: 'page', name: 'x' }), { config: { pageEvents: true } })).toMatchObject({
    call: { kind: 'track' },
  });
  expect(decideWith(making({ type: undefined }))).toMatchObject({ kind: 'rejected', reason: 'missing_type' });
  expect(decideWith(making({ userId: '' }))).toMatchObject({ kind: 'rejected', reason: 'missing_identity' });
  expect(decideWith(() => JSON.parse('{"type":"track","__proto__":{}}'))).toMatchObject({ reason: 'forbidden_key' });
});

test('it runs before admission, also for an event that would be filtered', () => {
  const rescued = decideWith(making({ type: 'track', event: 'Page' }), { event: { type: 'page' } });
  expect(rescued).toMatchObject({ kind: 'mapped', call: { kind: 'track', payload: { event: 'Page' } } });
});

describe('a list', () => {
  test('is one event that makes several calls', () => {
    const decision = decideWith(making({ event: 'A' }, { event: 'B' }, { type: 'identify', traits: { plan: 'pro' } }));
    expect(decision).toMatchObject({
      kind: 'mapped',
      call: { kind: 'track', payload: { event: 'A' } },
      also: [
        { kind: 'track', payload: { event: 'B' } },
        { kind: 'add_user_properties', payload: { properties: { plan: 'pro' } } },
      ],
      outputs: { count: 3, ofCalls: [1, 2, 3], rejection: undefined },
    });
    expect(decision.kind === 'mapped' && decision.cuts === NO_CUTS).toBe(true);
  });

  test('with one event is that event', () => {
    expect(decideWith(making({ event: 'A' }))).toEqual(decideWith((event) => ({ ...Object(event), event: 'A' })));
  });

  test('what is filtered of it leaves no trace beside what is sent', () => {
    const decision = decideWith(making({ type: 'alias' }, { event: 'B' }));
    expect(decision).toMatchObject({ call: { payload: { event: 'B' } }, outputs: { ofCalls: [2] } });
    expect(endOf(decision)).toBe(decision);
  });

  test('of which everything is filtered is filtered, for the reason of the first', () => {
    const decision = decideWith(making({ type: 'alias' }, { integrations: { All: false } }));
    expect(decision).toEqual({ kind: 'filtered', reason: 'unsupported_type' });
  });

  test('with a bad event among good ones: the good ones are sent, and the event is rejected', () => {
    const decision = decideWith(making({ event: 'A' }, { event: '' }, { event: 'C' }, { userId: '' }));
    const detail = 'event 2 of the 4 of the transformation: event is required';
    const rejection = { kind: 'rejected', reason: 'missing_event', detail };
    expect(decision).toMatchObject({ kind: 'mapped', outputs: { count: 4, ofCalls: [1, 3], rejection } });
    expect(endOf(decision)).toEqual(rejection);
  });

  test('of which nothing can be sent is rejected, whatever is filtered of it', () => {
    expect(decideWith(making({ type: 'alias' }, { event: '' }))).toEqual({
      kind: 'rejected',
      reason: 'missing_event',
      detail: 'event 2 of the 2 of the transformation: event is required',
    });
  });

  test('has the cuts and the characters of all of its events', () => {
    const long = { properties: { text: 'x'.repeat(2000) } };
    const decision = decideWith(making(long, {}, long, { timestamp: 'never' }));
    expect(decision).toMatchObject({ cuts: { ...NO_CUTS, textsCut: 2, withoutTime: 1 } });
    expect(decision.kind === 'mapped' && decision.characters).toBeGreaterThan(2 * 1023 + 2 * 256);
  });

  test('that is mapped to more than an event may have is rejected', () => {
    // A long key, which is a part of the name of every property.
    const inner = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`p${index}`, 1]));
    const events = Array.from({ length: 200 }, () => ({ properties: { ['k'.repeat(400)]: inner } }));
    expect(decideWith(making(...events))).toMatchObject({
      kind: 'rejected',
      reason: 'too_large',
      detail: 'the 200 events of the transformation are mapped to more than 4194304 characters',
    });
  });
});

describe('the idempotency key', () => {
  test('is that of the event as it came, whatever the transformation makes of it', () => {
    expect(keysOf((event) => ({ ...Object(event), event: 'B', properties: { at: Math.random() } }))).toEqual([
      ORIGINAL_KEY,
    ]);
  });

  test('is that of the event before it was changed in place', () => {
    expect(
      keysOf((event) => {
        Object.assign(Object(event), { event: 'B' });
        return event;
      }),
    ).toEqual([ORIGINAL_KEY]);
  });

  test('differs between the events of a list, also between equal ones', () => {
    expect(keysOf(making({}, {}, { event: 'C' }))).toEqual([ORIGINAL_KEY, `${ORIGINAL_KEY}-2`, `${ORIGINAL_KEY}-3`]);
  });

  test('depends on the place in the list, and not on what is filtered before it', () => {
    expect(keysOf(making({ type: 'alias' }, { event: 'B' }))).toEqual([`${ORIGINAL_KEY}-2`]);
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['with the setting messageId', { idempotencyKey: 'messageId' }, {}],
    ['of an event with its own idempotencyKey', {}, { properties: { idempotencyKey: 'own' } }],
    ['of an event without an id', {}, { messageId: undefined }],
  ])('%s: each event of a list has one of its own', (_, config, event) => {
    const [first, ...others] = keysOf(undefined, { config, event });
    expect(others).toEqual([]);
    expect(keysOf(making({ event: 'A' }, { event: 'B' }), { config, event })).toEqual([first, `${String(first)}-2`]);
  });

  test('is that of the returned event if the transformation sets its messageId or idempotencyKey', () => {
    const own = making({ messageId: 'o-1' }, { messageId: 'o-2' }, { properties: { idempotencyKey: 'mine' } });
    const [first = '', second = '', third] = keysOf(own);
    expect([first.slice(0, 4), second.slice(0, 4), third]).toEqual(['o-1-', 'o-2-', 'mine']);
    const twice = making({ messageId: 'o-1' }, { messageId: 'o-1' });
    expect(new Set(keysOf(twice)).size).toBe(2);
  });

  test('of an event that is nested too deeply for one is that of what is returned', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    const decision = decide(
      { ...EVENT, properties: { deep } },
      settingsWith({}),
      undefined,
      making({ properties: {} }),
    );
    expect(decision).toMatchObject({ kind: 'mapped' });
  });
});

describe('the preview', () => {
  const preview = (transformEvent: TransformEvent) =>
    previewBody(JSON.stringify(EVENT), { appId: '11' }, undefined, transformEvent);

  test('shows what the transformation has returned, and what becomes of it', () => {
    expect(preview(() => ({ ...EVENT, event: 'B' }))).toMatchObject({
      kind: 'deliver',
      body: { event: 'B' },
      transformed: { ...EVENT, event: 'B' },
    });
    expect(preview(() => [{ ...EVENT, event: 'B' }, { type: 'alias' }, { type: 'track' }])).toMatchObject({
      kind: 'list',
      events: [
        { kind: 'deliver', body: { event: 'B' }, transformed: { event: 'B' } },
        { kind: 'filtered', reason: 'unsupported_type', transformed: { type: 'alias' } },
        { kind: 'rejected', reason: 'missing_event', transformed: { type: 'track' } },
      ],
    });
  });

  test('shows that the event was dropped, or why the transformation failed', () => {
    expect(preview(() => null)).toEqual({ kind: 'filtered', reason: 'dropped_by_transformation' });
    expect(preview(() => 'x')).toMatchObject({ kind: 'rejected', reason: 'transformation_failed' });
  });
});

describe('an id that is none is no part of a key, and does not fail the record', () => {
  const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
  test.each<[string, JsonObject]>([
    ['a messageId that has no text', { messageId: { toString: 1, valueOf: 1 } }],
    ['an idempotencyKey that has no text', { properties: { idempotencyKey: { toString: 1 } } }],
    ['a messageId that is nested deeply', { messageId: deep }],
  ])('%s', (_, ids) => {
    const given = { ...EVENT, ...ids };
    expect(decide(given, settingsWith({}), undefined, () => EVENT).kind).toBe('mapped');
    const { kind, reason } = Object(decide(given, settingsWith({}), undefined, (event) => event));
    expect([kind, reason]).toEqual(ids['messageId'] === deep ? ['rejected', 'too_deep'] : ['mapped', undefined]);
  });
});
