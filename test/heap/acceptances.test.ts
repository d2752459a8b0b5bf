import {
  controlOf,
  createAcceptances,
  hasAcceptedSince,
  noteAccepted,
  pause,
  pausedMs,
  wasLately,
  type Endpoint,
} from '../../lib/heap/acceptances.ts';
import type { BulkRequest } from '../../lib/heap/bulk.ts';
import { requestsOf, trackOf, userOf } from './calls.ts';

const NOW = 1_000_000_000;
const TEN_MINUTES = 10 * 60 * 1000;
const HOUR = 60 * 60 * 1000;

function requestOf(call = trackOf('e')): BulkRequest {
  const [request] = requestsOf([call]);
  if (request === undefined) throw new Error('no request');
  return request;
}

function accept(endpoint: Endpoint, now = NOW, sentAt = endpoint.moment, request = requestOf()): void {
  noteAccepted(endpoint, request, sentAt, now);
}

function refuse(endpoint: Endpoint): number {
  endpoint.moment += 1;
  return endpoint.moment;
}

/** An endpoint that has accepted a request and has then refused so many entries alone. */
function endpointWith(refusedAlone: number): Endpoint {
  const endpoint = createAcceptances()('a', 'track');
  accept(endpoint);
  endpoint.refusedInARow = refusedAlone;
  return endpoint;
}

test('an endpoint of which nothing is known has accepted nothing', () => {
  const endpoint = createAcceptances()('a', 'track');
  expect(hasAcceptedSince(endpoint, 0)).toBe(false);
  expect(controlOf(endpoint, NOW)).toBeUndefined();
  expect(wasLately(endpoint.contradictedAt, NOW)).toBe(false);
});

test.each([
  [0, true],
  [TEN_MINUTES, true],
  [TEN_MINUTES + 1, false],
])('what happened %i ms ago was lately: %s', (ms, expected) => {
  expect(wasLately(NOW, NOW + ms)).toBe(expected);
});

describe('a request counts as accepted after a refusal', () => {
  test('if it was sent when the refusal had come, not if it was under way', () => {
    const endpoint = createAcceptances()('a', 'track');
    const sentBefore = endpoint.moment;
    const refusedAt = refuse(endpoint);
    accept(endpoint, NOW, sentBefore);
    expect(hasAcceptedSince(endpoint, refusedAt)).toBe(false);
    accept(endpoint);
    expect(hasAcceptedSince(endpoint, refusedAt)).toBe(true);
    expect(hasAcceptedSince(endpoint, refuse(endpoint))).toBe(false);
  });

  test('whichever of several requests at once is answered last', () => {
    const endpoint = createAcceptances()('a', 'track');
    const sentBefore = endpoint.moment;
    const refusedAt = refuse(endpoint);
    accept(endpoint, NOW, endpoint.moment);
    accept(endpoint, NOW, sentBefore);
    expect(hasAcceptedSince(endpoint, refusedAt)).toBe(true);
  });

  test('if it was one of the same app and endpoint', () => {
    const acceptances = createAcceptances();
    const refusedAt = refuse(acceptances('a', 'track'));
    accept(acceptances('a', 'add_user_properties'));
    accept(acceptances('b', 'track'));
    expect(hasAcceptedSince(acceptances('a', 'track'), refusedAt)).toBe(false);
  });
});

describe('the control', () => {
  test('is the first entry of the last accepted request, without its event, for an hour', () => {
    const endpoint = endpointWith(0);
    const request = requestOf(trackOf('last'));
    accept(endpoint, NOW + 1, endpoint.moment, request);
    expect(controlOf(endpoint, NOW + 1 + HOUR)).toEqual({ ...request.entries[0], calls: [] });
    expect(controlOf(endpoint, NOW + 2 + HOUR)).toBeUndefined();
  });

  test('that was sent again is as old as before', () => {
    const endpoint = endpointWith(0);
    const entry = controlOf(endpoint, NOW);
    if (entry === undefined) throw new Error('no control');
    accept(endpoint, NOW + 5, endpoint.moment, { ...requestOf(), entries: [entry] });
    expect(controlOf(endpoint, NOW + HOUR)).toBeDefined();
    expect(controlOf(endpoint, NOW + HOUR + 1)).toBeUndefined();
  });

  test.each([
    ['is never one of user properties, which might overtake newer ones', userOf('u', { a: 1 }), false],
    ['has 4 KiB at most', trackOf('e', { padding: 'x'.repeat(4096) }), false],
    ['may be that long', trackOf('e', { padding: 'x'.repeat(3900) }), true],
  ])('%s', (_, call, expected) => {
    const endpoint = createAcceptances()('a', call.call.kind);
    accept(endpoint, NOW, endpoint.moment, requestOf(call));
    expect(controlOf(endpoint, NOW) !== undefined).toBe(expected);
  });
});

test('an acceptance starts the row of refused entries anew', () => {
  const endpoint = endpointWith(9);
  accept(endpoint, NOW + 5);
  expect(endpoint.refusedInARow).toBe(0);
});

describe('a pause', () => {
  test('lasts 30 s', () => {
    const endpoint = endpointWith(8);
    expect(pausedMs(endpoint, NOW)).toBe(0);
    pause(endpoint, NOW);
    expect([0, 29_999, 30_000, 30_001].map((ms) => pausedMs(endpoint, NOW + ms))).toEqual([30_000, 1, 0, 0]);
  });

  test('ends with an acceptance, and not with one more refusal', () => {
    const endpoint = endpointWith(8);
    pause(endpoint, NOW);
    refuse(endpoint);
    endpoint.refusedInARow += 1;
    expect(pausedMs(endpoint, NOW)).toBe(30_000);
    accept(endpoint);
    expect(pausedMs(endpoint, NOW)).toBe(0);
  });

  test('is of one app and endpoint', () => {
    const acceptances = createAcceptances();
    pause(acceptances('a', 'track'), NOW);
    const paused = [acceptances('a', 'track'), acceptances('a', 'add_user_properties'), acceptances('b', 'track')].map(
      (endpoint) => pausedMs(endpoint, NOW),
    );
    expect(paused).toEqual([30_000, 0, 0]);
  });
});

test('of very many apps only two thousand endpoints are remembered, those that were used last', () => {
  const endpoints = new Map<string, Endpoint>();
  const acceptances = createAcceptances(endpoints);
  for (let app = 0; app < 2000; app += 1) accept(acceptances(`app-${app}`, 'track'));
  acceptances('app-0', 'track');
  for (let app = 2000; app < 3999; app += 1) accept(acceptances(`app-${app}`, 'track'));
  expect(endpoints.size).toBe(2000);
  expect([0, 1999, 3998].map((app) => acceptances(`app-${app}`, 'track').moment)).toEqual([1, 0, 1]);
});

test('a refusal from before an endpoint was forgotten is not taken for one that others were accepted after', () => {
  const acceptances = createAcceptances();
  const refusedAt = refuse(acceptances('a', 'track'));
  for (let app = 0; app < 2000; app += 1) acceptances(`app-${app}`, 'track');
  accept(acceptances('a', 'track'));
  expect(hasAcceptedSince(acceptances('a', 'track'), refusedAt)).toBe(false);
});
