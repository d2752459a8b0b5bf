import fc from 'fast-check';
import type { BulkRequest, Entry, PendingCall } from '../../lib/heap/bulk.ts';
import type { SendResult } from '../../lib/heap/client.ts';
import { createAcceptances, noteAccepted, pause, pausedMs } from '../../lib/heap/acceptances.ts';
import { EXTRA_REQUESTS, type BisectBudget, type SendDependencies } from '../../lib/heap/exchange.ts';
import { sendRequests } from '../../lib/heap/send-requests.ts';
import { deferred, type Outcome } from '../../lib/outcome.ts';
import { nameOf, namesIn, requestsOf, trackOf, tracksOf, userOf } from './calls.ts';

interface Ran {
  readonly requests: readonly BulkRequest[];
  /** By the idempotency key of an event, or the names of user properties. */
  readonly outcomes: ReadonlyMap<string, string>;
  /** The same, in full. */
  readonly details: ReadonlyMap<string, Outcome>;
  readonly timedOut: number;
  readonly fits: number;
  /** How long bisecting is paused afterwards, in ms. */
  readonly pauseMs: number;
}

type AppAcceptances = SendDependencies['endpointOf'];

interface Circumstances {
  readonly budget?: BisectBudget;
  /** What the app has accepted before; by default a request just now. */
  readonly acceptances?: AppAcceptances;
  readonly now?: () => number;
}

const NOW = 1_000_000_000;
const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

/** An app that has accepted a request of each kind this long ago. */
function acceptedBefore(ms: number): AppAcceptances {
  const acceptances = nothingAccepted();
  for (const request of requestsOf([trackOf('before'), property('before', 1)]))
    noteAccepted(acceptances(request.kind), request, acceptances(request.kind).moment, NOW - ms);
  return acceptances;
}

/** An app that has accepted nothing, as in a container that has just started. */
function nothingAccepted(): AppAcceptances {
  const acceptances = createAcceptances();
  return (kind) => acceptances('11', kind);
}

/** Sends to a Heap that answers as told, and sees to it that each call gets one outcome. */
async function run(
  calls: readonly PendingCall[],
  answer: (names: readonly string[], request: BulkRequest) => SendResult,
  { budget = { extraRequests: EXTRA_REQUESTS }, acceptances = acceptedBefore(0), now = () => NOW }: Circumstances = {},
): Promise<Ran> {
  const requests: BulkRequest[] = [];
  const outcomes = new Map<string, string>();
  const details = new Map<string, Outcome>();
  const onOutcome = (entry: Entry, outcome: Outcome): void => {
    for (const call of entry.calls) {
      if (outcomes.has(nameOf(call))) throw new Error(`${nameOf(call)} has two outcomes`);
      outcomes.set(nameOf(call), outcome.kind === 'delivered' ? 'delivered' : outcome.reason);
      details.set(nameOf(call), outcome);
    }
  };
  const send = async (request: BulkRequest): Promise<SendResult> => {
    requests.push(request);
    return answer(namesIn(request), request);
  };
  const headStart = (work: Promise<void>): Promise<void> => work;
  const dependencies = { send, onOutcome, budget, endpointOf: acceptances, now, headStart };
  const size = await sendRequests(requestsOf(calls), dependencies);
  return { requests, outcomes, details, ...size, pauseMs: pausedMs(acceptances('track'), now()) };
}

const accepted: SendResult = { kind: 'delivered' };
const refused = (status = 400): SendResult => ({ kind: 'refused', status, detail: `Heap answered ${status}` });
/** Refuses each request that holds one of these. */
const refusing =
  (bad: readonly string[]) =>
  (names: readonly string[]): SendResult =>
    names.some((name) => bad.includes(name)) ? refused() : accepted;

const property = (name: string, time: number, identity = 'u'): PendingCall => userOf(identity, { [name]: 1 }, { time });

const count = (outcomes: ReadonlyMap<string, string>, wanted: string): number =>
  [...outcomes.values()].filter((outcome) => outcome === wanted).length;

test.each([
  ['at most 2 · log2(1000) more requests, a control and the second time that it is sent', acceptedBefore, 22],
  ['no control when the app has accepted nothing', nothingAccepted, 21],
])('one bad entry among 1000 costs %s', async (_, acceptances, most) => {
  for (const bad of ['e-0', 'e-1', 'e-500', 'e-617', 'e-999']) {
    const { requests, outcomes } = await run(tracksOf(1000), refusing([bad]), { acceptances: acceptances(0) });
    expect(requests.length - 1).toBeLessThanOrEqual(most);
    expect(outcomes.get(bad)).toBe('heap_refused');
    expect(count(outcomes, 'delivered')).toBe(999);
  }
});

test('the half of a refused request is not sent as a whole when Heap has accepted the other half', async () => {
  const { requests } = await run(tracksOf(8), refusing(['e-7']));
  expect(requests.map(namesIn)).toEqual([
    ['e-0', 'e-1', 'e-2', 'e-3', 'e-4', 'e-5', 'e-6', 'e-7'],
    ['e-0', 'e-1', 'e-2', 'e-3'],
    ['e-4', 'e-5'],
    ['e-6'],
    ['e-7'],
  ]);
});

test('a half is sent as a whole after a 413, which says nothing about single entries', async () => {
  const { requests } = await run(tracksOf(8), (names) => (names.length > 4 ? refused(413) : accepted));
  expect(requests.map(({ entries }) => entries.length)).toEqual([8, 4, 4]);
});

describe('when Heap refuses every entry', () => {
  test.each([
    ['when the app has accepted nothing', nothingAccepted, 30],
    ['when the app has accepted a request just before', () => acceptedBefore(0), 12],
  ])('that is seen after a few requests, and nothing is rejected: %s', async (_, acceptances, most) => {
    const { requests, outcomes, pauseMs } = await run(tracksOf(1000), () => refused(), {
      acceptances: acceptances(),
    });
    expect(requests.length).toBeLessThanOrEqual(most);
    expect(count(outcomes, 'undecided')).toBe(1000);
    expect(pauseMs).toBe(30_000);
  });

  test('up to eight entries are each sent alone', async () => {
    const { requests, outcomes } = await run(tracksOf(8), () => refused(), { acceptances: nothingAccepted() });
    const alone = requests.filter(({ entries }) => entries.length === 1).map(namesIn);
    expect(alone.flat().toSorted()).toEqual([...outcomes.keys()].toSorted());
    expect(count(outcomes, 'undecided')).toBe(8);
  });

  test('at most eight full requests of each kind are sent, and the other kind is sent nevertheless', async () => {
    const users = Array.from({ length: 20_000 }, (_, index) => property(`p-${index}`, 1, `user-${index}`));
    const { requests, outcomes } = await run(
      [...users, ...tracksOf(3000)],
      (_, { kind }) => (kind === 'track' ? accepted : refused()),
      { acceptances: nothingAccepted() },
    );
    expect(requests.filter(({ entries }) => entries.length === 1000).map(({ kind }) => kind)).toEqual([
      ...times(8, 'add_user_properties'),
      ...times(3, 'track'),
    ]);
    expect(count(outcomes, 'delivered')).toBe(3000);
  });
});

describe('whether bisecting is paused afterwards, because Heap seems to refuse everything', () => {
  const hasRefusedEight = (): AppAcceptances => {
    const acceptances = nothingAccepted();
    for (let entry = 0; entry < 8; entry += 1) acceptances('track').refusedInARow += 1;
    return acceptances;
  };

  test.each<[string, () => AppAcceptances, number, (names: readonly string[]) => SendResult, boolean]>([
    ['yes, when eight entries were refused alone and none was accepted', nothingAccepted, 8, () => refused(), true],
    ['no, when they were seven', nothingAccepted, 7, () => refused(), false],
    ['yes, when the eight before were of earlier invocations', hasRefusedEight, 1, () => refused(), true],
    ['no, when nothing was refused in this invocation', hasRefusedEight, 1, () => deferred('heap_error', ''), false],
    ['no, when something was accepted in this invocation', hasRefusedEight, 2, refusing(['e-1']), false],
    [
      'no, when something was accepted before many were refused',
      nothingAccepted,
      100,
      (names) => (names.includes('control') || (names.length === 1 && names[0] === 'e-0') ? accepted : refused()),
      false,
    ],
    ['yes, at once when a control was refused', () => acceptedBefore(0), 1, () => refused(), true],
    [
      'no, when a control was accepted',
      () => acceptedBefore(0),
      7,
      (names) => (names.includes('control') ? accepted : refused()),
      false,
    ],
  ])('%s', async (_, acceptances, entries, answer, expected) => {
    const { pauseMs } = await run(tracksOf(entries), answer, { acceptances: acceptances() });
    expect(pauseMs).toBe(expected ? 30_000 : 0);
  });
});

describe('during a pause', () => {
  const MIDDLE_MS = 10_000;
  const now = (): number => NOW + MIDDLE_MS;
  const small = (entries: number): PendingCall[] =>
    Array.from({ length: entries }, (_, index) => ({ ...trackOf(`s-${index}`), mostEntries: 1 }));
  const pausedApp = (): AppAcceptances => {
    const acceptances = nothingAccepted();
    for (const kind of ['track', 'add_user_properties'] as const) {
      for (let entry = 0; entry < 8; entry += 1) acceptances(kind).refusedInARow += 1;
      pause(acceptances(kind), NOW);
    }
    return acceptances;
  };

  test('entries that need a smaller request wait for its end, in their size, and take nothing from the budget', async () => {
    const budget = { extraRequests: 5 };
    const { requests, details } = await run(small(20), () => accepted, { acceptances: pausedApp(), now, budget });
    expect(requests).toEqual([]);
    expect(budget).toEqual({ extraRequests: 5 });
    expect(details.get('s-7')).toEqual({
      kind: 'deferred',
      reason: 'circuit_open',
      detail: 'Heap refuses every entry, so the settings may be wrong',
      retryAfterMs: 30_000 - MIDDLE_MS,
      mostEntries: 1,
    });
  });

  test.each([
    [29_999, 0],
    [30_000, 20],
  ])('%i ms after its start %i of them are sent', async (ms, sent) => {
    const { requests } = await run(small(20), () => accepted, { acceptances: pausedApp(), now: () => NOW + ms });
    expect(requests).toHaveLength(sent);
  });

  test('a new entry that is accepted ends it: the others are sent in the same invocation', async () => {
    const { requests, outcomes, pauseMs } = await run([...small(20), trackOf('e-0')], refusing(['s-3']), {
      acceptances: pausedApp(),
      now,
    });
    expect(requests.map(namesIn)[0]).toEqual(['e-0']);
    expect([count(outcomes, 'delivered'), count(outcomes, 'heap_refused')]).toEqual([20, 1]);
    expect(pauseMs).toBe(0);
  });

  test('a request of new entries is sent once, and not bisected if Heap refuses it; the pause does not become longer', async () => {
    const users = ['u', 'v'].map((user) => property(`p-${user}`, 1, user));
    const { requests, details, pauseMs } = await run([...small(9), ...users, ...tracksOf(100)], () => refused(422), {
      acceptances: pausedApp(),
      now,
    });
    expect(requests.map(({ entries }) => entries.length)).toEqual([2, 100]);
    for (const name of ['e-0', 'e-99']) {
      expect(details.get(name)).toEqual({
        kind: 'deferred',
        reason: 'undecided',
        heapStatus: 422,
        mostEntries: 50,
        detail: 'Heap refuses every entry, so the settings may be wrong; Heap answered 422',
      });
    }
    expect(details.get('p-u')).toMatchObject({ reason: 'undecided', mostEntries: 1 });
    expect(pauseMs).toBe(30_000 - MIDDLE_MS);
  });

  test('an acceptance between two refused requests lets both be bisected', async () => {
    const { outcomes } = await run(tracksOf(2100), refusing(['e-0', 'e-2099']), { acceptances: pausedApp(), now });
    expect([count(outcomes, 'delivered'), count(outcomes, 'heap_refused')]).toEqual([2098, 2]);
  });
});

describe('an entry that was refused alone', () => {
  test('is undecided if the app has never accepted a request, with the status and the words of Heap', async () => {
    const { details, requests } = await run(tracksOf(1), () => refused(422), { acceptances: nothingAccepted() });
    expect(requests).toHaveLength(1);
    expect(details.get('e-0')).toEqual({
      kind: 'deferred',
      reason: 'undecided',
      heapStatus: 422,
      mostEntries: 1,
      refusedAloneAt: 1,
      detail: 'Heap has accepted nothing since it refused this, so the settings may be wrong; Heap answered 422',
    });
  });

  const HOUR_MS = 60 * 60 * 1000;
  const TEN_MINUTES = 10 * 60 * 1000;
  test.each([
    ['', 0, [['e-0'], ['control'], ['e-0']], 'heap_refused'],
    ['', HOUR_MS, [['e-0'], ['control'], ['e-0']], 'heap_refused'],
    ['no ', HOUR_MS + 1, [['e-0']], 'undecided'],
  ])('is judged by %scontrol %i ms after the app has accepted an event', async (_, ms, sent, expected) => {
    const { requests, details } = await run(tracksOf(1), refusing(['e-0']), { acceptances: acceptedBefore(ms) });
    expect(requests.map(namesIn)).toEqual(sent);
    expect(details.get('e-0')).toMatchObject({ reason: expected, heapStatus: 400 });
  });

  test.each([
    [400, 'heap_refused'],
    [413, 'too_large'],
    [422, 'heap_refused'],
  ])('with %i is rejected as %s, with the words of Heap', async (status, reason) => {
    const { details } = await run(tracksOf(1), (names) => (names.includes('e-0') ? refused(status) : accepted));
    expect(details.get('e-0')).toEqual({
      kind: 'rejected',
      reason,
      detail: `Heap answered ${status}`,
      heapStatus: status,
    });
  });

  test.each<[string, (control: SendResult) => SendResult]>([
    ['is refused, too', () => refused()],
    ['has no answer', () => deferred('heap_timeout', '')],
  ])('is undecided when the control %s, and so are all others', async (_, answer) => {
    const alone = tracksOf(100).map((call) => ({ ...call, mostEntries: 1 }));
    const { requests, outcomes, details } = await run(alone, (names) =>
      names.includes('control') ? answer(accepted) : refused(),
    );
    expect(requests.filter((request) => namesIn(request).includes('control'))).toHaveLength(1);
    expect(count(outcomes, 'undecided')).toBe(100);
    expect(details.get('e-0')).toMatchObject({
      detail: 'Heap has accepted nothing since it refused this, so the settings may be wrong; Heap answered 400',
    });
  });

  test('is believed by one control, whichever of them asked for it, and each is sent a second time', async () => {
    const alone = tracksOf(40).map((call) => ({ ...call, mostEntries: 1 }));
    const { requests, outcomes } = await run(alone, (names) => (names.includes('control') ? accepted : refused()));
    // After eight that were refused, the rest are not sent: they have hardly a chance.
    expect(requests).toHaveLength(17);
    expect([count(outcomes, 'heap_refused'), count(outcomes, 'undecided')]).toEqual([8, 32]);
  });

  test('needs no control when others were accepted after it', async () => {
    const { requests, outcomes } = await run(tracksOf(4), refusing(['e-0', 'e-1']), { acceptances: nothingAccepted() });
    expect(requests.map(namesIn)).toEqual([
      ['e-0', 'e-1', 'e-2', 'e-3'],
      ['e-0', 'e-1'],
      ['e-0'],
      ['e-1'],
      ['e-2', 'e-3'],
      ['e-0'],
      ['e-1'],
    ]);
    expect(count(outcomes, 'heap_refused')).toBe(2);
  });

  test('is not heard again on the strength of an answer to a request that was sent before', async () => {
    const started = Promise.withResolvers<void>();
    const outcomes: string[] = [];
    // Two requests at once: the event is refused while the other one is under way.
    await sendRequests(
      requestsOf([
        { ...trackOf('bad'), mostEntries: 1 },
        { ...trackOf('good'), mostEntries: 1 },
      ]),
      {
        send: async (request) => {
          if (namesIn(request).includes('bad')) {
            started.resolve();
            return refused();
          }
          await started.promise;
          await new Promise(setImmediate);
          return accepted;
        },
        onOutcome: (_, outcome) => void outcomes.push(outcome.kind === 'delivered' ? 'delivered' : outcome.reason),
        budget: { extraRequests: 10 },
        endpointOf: nothingAccepted(),
        now: () => NOW,
        headStart: (work) => work,
      },
    );
    // The good one is the control then: it was sent again after the refusal, and is not an outcome of its own.
    expect(outcomes.toSorted()).toEqual(['delivered', 'heap_refused']);
  });

  test('and accepted later, although others were accepted before, makes refusals mean nothing for ten minutes', async () => {
    const acceptances = acceptedBefore(0);
    const answers = [refused(), accepted, accepted].values();
    const first = await run(tracksOf(1), () => answers.next().value ?? refused(), { acceptances });
    expect(first.outcomes.get('e-0')).toBe('delivered');
    for (const [ms, expected] of [
      [0, 'undecided'],
      [TEN_MINUTES, 'undecided'],
      [TEN_MINUTES + 1, 'heap_refused'],
    ] as const) {
      const { outcomes } = await run([trackOf('bad')], refusing(['bad']), { acceptances, now: () => NOW + ms });
      expect([ms, outcomes.get('bad')]).toEqual([ms, expected]);
    }
  });

  describe('in an earlier invocation of the container', () => {
    const users = ['u', 'v'].map((user) => property(`p-${user}`, 1, user));
    async function refuseFirst(acceptances: AppAcceptances): Promise<PendingCall> {
      const { details } = await run(users.slice(0, 1), () => refused(), { acceptances });
      const before = details.get('p-u');
      if (before?.kind !== 'deferred' || users[0] === undefined) throw new Error('not deferred');
      expect(before).toMatchObject({ reason: 'undecided', mostEntries: 1, refusedAloneAt: expect.any(Number) });
      return { ...users[0], mostEntries: 1, refusedAloneAt: before.refusedAloneAt ?? -1 };
    }

    test('is rejected when others were accepted in between', async () => {
      const acceptances = acceptedBefore(0);
      const again = await refuseFirst(acceptances);
      await run(users.slice(1), () => accepted, { acceptances });
      const { requests, outcomes } = await run([again], () => refused(), { acceptances });
      expect(requests).toHaveLength(1);
      expect(outcomes.get('p-u')).toBe('heap_refused');
    });

    test('is rejected when others are accepted before it is sent', async () => {
      const acceptances = acceptedBefore(0);
      const again = await refuseFirst(acceptances);
      const { outcomes } = await run([again, ...users.slice(1)], refusing(['p-u']), { acceptances });
      expect(Object.fromEntries(outcomes)).toEqual({ 'p-u': 'heap_refused', 'p-v': 'delivered' });
    });

    test('is undecided for user properties when only events were accepted in between', async () => {
      const acceptances = acceptedBefore(0);
      const again = await refuseFirst(acceptances);
      const { requests, outcomes } = await run([again, ...tracksOf(3)], refusing(['p-u']), { acceptances });
      expect(requests).toHaveLength(2);
      expect(outcomes.get('p-u')).toBe('undecided');
    });
  });

  test('is sent a second time once the app has accepted a request, and then rejected', async () => {
    const { requests, outcomes } = await run(tracksOf(4), refusing(['e-0']), { acceptances: nothingAccepted() });
    expect(requests.map(namesIn)).toEqual([
      ['e-0', 'e-1', 'e-2', 'e-3'],
      ['e-0', 'e-1'],
      ['e-0'],
      ['e-1'],
      ['e-2', 'e-3'],
      ['e-0'],
    ]);
    expect(outcomes.get('e-0')).toBe('heap_refused');
  });

  test.each([
    ['and is refused a second time', tracksOf(10), refusing(times(5, 0).map((_, index) => `e-${index}`)), 0],
    ['and is sent ahead of an earlier one', [property('p-1', 1), property('p-2', 2)], () => refused(), 2],
  ])('%s counts once', async (_, calls, answer, expected) => {
    const acceptances = nothingAccepted();
    const { requests } = await run(calls, answer, { acceptances });
    expect(acceptances(requests[0]?.kind ?? 'track').refusedInARow).toBe(expected);
  });

  test('and is accepted the second time is delivered', async () => {
    let calls = 0;
    const { outcomes } = await run(
      tracksOf(2),
      (names) => {
        if (names.length === 2) return refused();
        calls += names.includes('e-0') ? 1 : 0;
        return names.includes('e-0') && calls === 1 ? refused() : accepted;
      },
      { acceptances: nothingAccepted() },
    );
    expect(Object.fromEntries(outcomes)).toEqual({ 'e-0': 'delivered', 'e-1': 'delivered' });
  });

  test('and gets no answer the second time keeps the cause of that, and is sent alone the next time', async () => {
    let calls = 0;
    const { details } = await run(
      tracksOf(2),
      (names) => {
        if (names.length === 2) return refused();
        calls += names.includes('e-0') ? 1 : 0;
        if (!names.includes('e-0')) return accepted;
        return calls === 1 ? refused() : deferred('heap_error', 'Heap answered 503');
      },
      { acceptances: nothingAccepted() },
    );
    expect(details.get('e-0')).toMatchObject({ kind: 'deferred', reason: 'heap_error', mostEntries: 1 });
  });

  test('is not heard again on the strength of what was accepted before it', async () => {
    const { requests, outcomes } = await run(tracksOf(2), refusing(['e-1']), { acceptances: nothingAccepted() });
    // The first entry was accepted before the second was refused, so one refusal is enough.
    expect(requests.map(namesIn)).toEqual([['e-0', 'e-1'], ['e-0'], ['e-1']]);
    expect(outcomes.get('e-1')).toBe('heap_refused');
  });

  test('is undecided for want of requests if the budget has none left to hear it again', async () => {
    const { requests, details } = await run(tracksOf(2), refusing(['e-0']), {
      acceptances: nothingAccepted(),
      budget: { extraRequests: 2 },
    });
    expect(requests).toHaveLength(3);
    expect(details.get('e-0')).toMatchObject({
      reason: 'undecided',
      detail: 'there are more bad entries than one invocation can bisect; Heap answered 400',
    });
  });
});

test('bad entries among good ones are all found, also more of them than would be taken for a wrong setting', async () => {
  const bad = Array.from({ length: 10 }, (_, index) => `e-${index * 100 + 50}`);
  const { outcomes } = await run(tracksOf(1000), refusing(bad));
  expect(new Map([...outcomes].filter(([, outcome]) => outcome !== 'delivered'))).toEqual(
    new Map(bad.map((name) => [name, 'heap_refused'])),
  );
});

describe('the extra requests of one invocation are bounded', () => {
  /** Every fifth entry is bad: Heap takes enough in between to go on. */
  const isBad = (name: string): boolean => /[05]$/.test(name);
  const answer = (names: readonly string[]): SendResult => (names.some(isBad) ? refused() : accepted);

  test('and what is undecided then is deferred', async () => {
    const { requests, outcomes } = await run(tracksOf(1000), answer);
    expect(requests).toHaveLength(1 + EXTRA_REQUESTS);
    expect(outcomes.size).toBe(1000);
    expect(count(outcomes, 'undecided')).toBeGreaterThan(500);
    expect([...outcomes].filter(([name, outcome]) => outcome === 'heap_refused' && !isBad(name))).toEqual([]);
  });

  test('whatever of the bound is left is spent', async () => {
    for (const extraRequests of [0, 1, 2, 3]) {
      const { requests } = await run(tracksOf(8), () => refused(), { budget: { extraRequests } });
      expect(requests).toHaveLength(1 + extraRequests);
    }
  });

  test('without it, this batch would need more', async () => {
    const { requests, outcomes } = await run(tracksOf(1000), answer, { budget: { extraRequests: Infinity } });
    expect(requests.length).toBeGreaterThan(1 + 2 * EXTRA_REQUESTS);
    expect(count(outcomes, 'heap_refused')).toBe(200);
  });
});

test('a 413 halves a request too, and an entry that is too large by itself is rejected', async () => {
  const { outcomes } = await run(tracksOf(40), (names) =>
    names.length > 7 || names.includes('e-9') ? refused(413) : accepted,
  );
  expect(outcomes.get('e-9')).toBe('too_large');
  expect(count(outcomes, 'delivered')).toBe(39);
});

describe('what a 413 says about the size of the next requests', () => {
  const larger =
    (most: number, status = 413) =>
    (names: readonly string[]): SendResult =>
      names.length > most ? refused(status) : accepted;
  test.each<[string, readonly PendingCall[], (names: readonly string[]) => SendResult, number]>([
    ['is the largest that was accepted', tracksOf(40), larger(7), 5],
    [
      'is nothing if only one entry is too large',
      tracksOf(40),
      (names) => larger(names.includes('e-9') ? 0 : 40)(names),
      0,
    ],
    ['is nothing if nothing was accepted', tracksOf(40), larger(0), 0],
    ['is nothing without one', tracksOf(40), larger(7, 400), 0],
    ['is nothing if all requests were accepted', tracksOf(40), larger(40), 0],
  ])('%s', async (_, calls, answer, expected) => {
    expect((await run(calls, answer)).fits).toBe(expected);
  });

  test('is not learned from user properties, which are accepted in their own requests', async () => {
    const calls = [...tracksOf(40), property('p', 1)];
    const { fits } = await run(calls, larger(1), { budget: { extraRequests: 0 } });
    expect(fits).toBe(0);
  });
});

test('every request is sent once before one is bisected, so that bad entries take no time from good ones', async () => {
  const { requests } = await run([...tracksOf(1400), property('p', 1)], refusing(['e-0']));
  expect(requests.slice(0, 3).map(({ kind, entries }) => [kind, entries.length])).toEqual([
    ['add_user_properties', 1],
    ['track', 1000],
    ['track', 400],
  ]);
});

test('user properties are bisected before events, so that an event finds its user described', async () => {
  const users = ['p-0', 'p-1'].map((name) => property(name, 1, `user of ${name}`));
  const { requests } = await run([...tracksOf(2), ...users], refusing(['e-1', 'p-1']));
  expect(requests.map(namesIn)).toEqual([['p-0', 'p-1'], ['e-0', 'e-1'], ['p-0'], ['p-1'], ['e-0'], ['e-1']]);
});

test('when Heap refuses all user properties, that says nothing about events', async () => {
  const users = Array.from({ length: 40 }, (_, index) => property(`p-${index}`, 1, `user-${index}`));
  const { outcomes } = await run([...users, ...tracksOf(40)], (names, { kind }) =>
    kind === 'add_user_properties' || names.includes('e-3') ? refused() : accepted,
  );
  const ofEvents = [...outcomes].filter(([name, outcome]) => name.startsWith('e-') && outcome !== 'delivered');
  expect(ofEvents).toEqual([['e-3', 'heap_refused']]);
  expect(count(outcomes, 'undecided')).toBeGreaterThan(0);
});

describe('of several refused requests', () => {
  /** How many requests are under way at once, at most, after each acceptance. */
  async function mostAtOnce(isBad: (name: string) => boolean): Promise<readonly number[]> {
    const most = [0, 0];
    let underWay = 0;
    let accepts = 0;
    await sendRequests(requestsOf(tracksOf(4000)), {
      send: async (request) => {
        underWay += request.entries.length < 1000 ? 1 : 0;
        most[Math.min(accepts, 1)] = Math.max(most[Math.min(accepts, 1)] ?? 0, underWay);
        await new Promise(setImmediate);
        underWay -= request.entries.length < 1000 ? 1 : 0;
        if (namesIn(request).some(isBad)) return refused();
        accepts += 1;
        return accepted;
      },
      onOutcome: () => undefined,
      budget: { extraRequests: EXTRA_REQUESTS },
      endpointOf: nothingAccepted(),
      now: () => NOW,
      headStart: (work) => work,
    });
    return most;
  }

  test('one part is sent after the other until Heap has accepted something, and then up to eight are at once', async () => {
    const [before = 0, after = 0] = await mostAtOnce((name) => Number(name.slice(2)) % 100 === 99);
    expect(before).toBe(1);
    expect(after).toBeGreaterThan(1);
    expect(after).toBeLessThanOrEqual(8);
  });

  test('of which all entries are bad, no two parts are under way at once', async () => {
    expect(await mostAtOnce(() => true)).toEqual([1, 0]);
  });
});

describe('a request that Heap has not answered for now', () => {
  const failed = deferred('heap_error', 'Heap answered 503');
  const noAnswer = deferred('heap_timeout', 'Heap did not answer in time');
  const outOfTime = deferred('out_of_time', 'the invocation ended');

  test('is not bisected: nothing is wrong with its entries', async () => {
    const { requests, details, timedOut } = await run(tracksOf(10), () => failed);
    expect(requests).toHaveLength(1);
    expect([...details.values()]).toEqual(times(10, failed));
    expect(timedOut).toBe(0);
  });

  test('for an entry of a smaller request, does not count as bisecting while Heap answers nothing', async () => {
    const { details } = await run([{ ...trackOf('s-0'), mostEntries: 2 }], () => outOfTime);
    expect(details.get('s-0')).toEqual({ ...outOfTime, mostEntries: 2 });
  });

  test('while bisecting, is sent in the size that was reached the next time', async () => {
    const { outcomes, details } = await run(tracksOf(16), (names) => {
      if (names.length > 4) return names.includes('e-0') ? refused() : accepted;
      return outOfTime;
    });
    expect([count(outcomes, 'out_of_time'), count(outcomes, 'delivered')]).toEqual([8, 8]);
    expect(details.get('e-0')).toEqual({ ...outOfTime, mostEntries: 4, isBeingBisected: true });
    expect(details.get('e-7')).toEqual({ ...outOfTime, mostEntries: 4, isBeingBisected: true });
  });

  test('in time, when others of its size were answered, is sent in halves the next time: one of its entries may be the cause', async () => {
    const { details, timedOut } = await run(tracksOf(2000), (names) => (names.includes('e-7') ? noAnswer : accepted));
    expect(timedOut).toBe(0);
    expect(details.get('e-999')).toEqual({ ...noAnswer, mostEntries: 500 });
  });

  test('for want of time, or by a failure, tells nothing about the size of requests', async () => {
    for (const answer of [failed, outOfTime]) {
      const { timedOut } = await run(tracksOf(16), (names) => (names.length === 16 ? refused() : answer));
      expect(timedOut).toBe(0);
    }
  });

  test('in time tells the size of the largest such request, unless Heap has answered one that is as large', async () => {
    expect((await run(tracksOf(16), () => noAnswer)).timedOut).toBe(16);
    const largestFirst = await run(tracksOf(1016), (names) => (names.length === 16 ? refused() : noAnswer));
    expect(largestFirst.timedOut).toBe(1000);
    const small = tracksOf(3).map((call) => ({ ...call, mostEntries: 1 }));
    const onlySmall = await run([...small, ...tracksOf(20).slice(3)], (names) =>
      names.length === 1 ? noAnswer : accepted,
    );
    expect(onlySmall.timedOut).toBe(0);
  });
});

describe('entries that need a smaller request', () => {
  const small = (length: number, mostEntries: number, from = 0): PendingCall[] =>
    Array.from({ length }, (_, index) => ({ ...trackOf(`s-${from + index}`), mostEntries }));

  test('are sent after all others of either kind, those of user properties before those of events, the smallest last', async () => {
    const { requests } = await run(
      [
        ...small(2, 1),
        ...small(3, 2, 10),
        { ...property('p-small', 1, 'u'), mostEntries: 1 },
        property('p', 1, 'v'),
        ...tracksOf(2),
      ],
      () => accepted,
    );
    expect(requests.map(namesIn)).toEqual([
      ['p'],
      ['e-0', 'e-1'],
      ['p-small'],
      ['s-10', 's-11'],
      ['s-12'],
      ['s-0'],
      ['s-1'],
    ]);
  });

  test('come out of the budget; those without room are undecided, without a status', async () => {
    const budget = { extraRequests: 3 };
    const { requests, details } = await run([...tracksOf(5), ...small(10, 2)], () => accepted, { budget });
    expect(requests.map(({ entries }) => entries.length)).toEqual([5, 2, 2, 2]);
    expect(budget).toEqual({ extraRequests: 0 });
    expect(details.get('s-9')).toEqual({
      kind: 'deferred',
      reason: 'undecided',
      detail: 'there are more bad entries than one invocation can bisect',
      mostEntries: 8,
    });
  });

  test.each<[string, (names: readonly string[]) => SendResult, number]>([
    [
      'keep their size if only requests of full size were accepted',
      (names) => (names.length > 2 ? accepted : refused()),
      2,
    ],
    ['keep their size if Heap has failed', () => deferred('heap_error', ''), 2],
    ['keep their size if every fifth of the others was refused', refusing(['s-0', 's-10']), 2],
    ['may be sent in four times the size if fewer of the others were refused', refusing(['s-0']), 8],
    ['may be sent in four times the size if all of the others were accepted', () => accepted, 8],
  ])('without room %s', async (_, answer, mostEntries) => {
    const { details } = await run([...tracksOf(5), ...small(40, 2)], answer, { budget: { extraRequests: 10 } });
    expect(details.get('s-39')).toMatchObject({ reason: 'undecided', mostEntries });
  });

  test('without time may be sent in four times the size if the others were accepted', async () => {
    const outOfTime = deferred('out_of_time', 'the invocation ended');
    const { details } = await run(small(12, 2), (names) => (names.includes('s-10') ? outOfTime : accepted));
    expect(details.get('s-11')).toEqual({ ...outOfTime, mostEntries: 8, isBeingBisected: true });
  });

  test('keep their size when Heap fails', async () => {
    const failing = await run(small(4, 2), () => deferred('heap_error', 'Heap answered 503'));
    expect([...failing.details.values()]).toMatchObject(times(4, { reason: 'heap_error', mostEntries: 2 }));
  });

  test('are sent in halves of that when they are refused and nothing is decided', async () => {
    const { details } = await run(small(5, 5), () => refused(), { budget: { extraRequests: 1 } });
    const sizes = [3, 3, 3, 2, 2].map((mostEntries) => ({ reason: 'undecided', mostEntries }));
    expect([...details.values()]).toMatchObject(sizes);
  });
});

describe('user properties that were merged', () => {
  const calls = [1, 2, 3, 4].map((time) => property(`p-${time}`, time));

  test('are separated again, so that one bad identify does not harm the others', async () => {
    const { outcomes } = await run(calls, refusing(['p-2']));
    expect(Object.fromEntries(outcomes)).toEqual({
      'p-1': 'delivered',
      'p-2': 'heap_refused',
      'p-3': 'delivered',
      'p-4': 'delivered',
    });
  });

  test('reach Heap in the order of their time', async () => {
    const { requests } = await run(calls, refusing(['p-2']));
    const arrived = requests.map(namesIn).filter((names) => !names.includes('p-2'));
    // Two are sent ahead, to show that Heap accepts any, and again.
    expect(arrived.flat()).toEqual(['p-1', 'p-3', 'p-4', 'p-3', 'p-4']);
  });

  test('that are later do not overtake earlier ones of the same user that are deferred', async () => {
    const { outcomes } = await run(calls, (names) => {
      if (names.length === 4) return refused();
      return names.includes('p-1') ? deferred('heap_error', '') : accepted;
    });
    expect(new Set(outcomes.values())).toEqual(new Set(['heap_error']));
  });

  test('of another user are not held back by that', async () => {
    const { outcomes } = await run([property('p-1', 1, 'a'), property('p-2', 2, 'b')], (names) => {
      if (names.length === 2) return refused();
      return names.includes('p-1') ? deferred('heap_error', '') : accepted;
    });
    expect(Object.fromEntries(outcomes)).toEqual({ 'p-1': 'heap_error', 'p-2': 'delivered' });
  });

  test('that are later wait for earlier ones that are left undecided, for want of requests', async () => {
    // The budget is enough for halving once. The first half is refused again.
    const { outcomes } = await run(calls, refusing(['p-1']), { budget: { extraRequests: 2 } });
    expect(new Set(outcomes.values())).toEqual(new Set(['undecided']));
  });

  test('that are later wait for earlier ones that are left undecided, because everything seems to be refused', async () => {
    // Eight are refused alone when the first eight properties of the user are refused together.
    const first = Array.from({ length: 8 }, (_, index) => property(`q-${index}`, 1, `user-q-${index}`));
    const sixteen = Array.from({ length: 16 }, (_, index) => property(`p-${index + 1}`, index));
    const others = Array.from({ length: 30 }, (_, index) => property(`o-${index}`, 1, `user-${index}`));
    const bad = [...first, ...sixteen.slice(0, 8), ...others].map(nameOf);
    const { outcomes } = await run([...first, ...sixteen, ...others], refusing(bad));
    expect(sixteen.map((call) => outcomes.get(nameOf(call)))).toEqual(times(16, 'undecided'));
  });

  describe('in a container that has just started', () => {
    const cold = (): Circumstances => ({ acceptances: nothingAccepted() });

    test('and of which the first is bad: a later one shows that, and stays the last', async () => {
      const { requests, outcomes } = await run(calls, refusing(['p-1']), cold());
      expect(requests.map(namesIn)).toEqual([
        ['p-1', 'p-2', 'p-3', 'p-4'],
        ['p-1', 'p-2'],
        ['p-1'],
        ['p-2'],
        ['p-1'],
        ['p-2'],
        ['p-3', 'p-4'],
      ]);
      expect(Object.fromEntries(outcomes)).toEqual({
        'p-1': 'heap_refused',
        'p-2': 'delivered',
        'p-3': 'delivered',
        'p-4': 'delivered',
      });
    });

    test('a part that was accepted ahead of others is sent again behind them', async () => {
      // Of p-1 to p-8, p-1, p-2 and p-3 are bad. The first part that Heap accepts is p-5 to p-8.
      const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((time) => property(`p-${time}`, time));
      const { requests, outcomes } = await run(eight, refusing(['p-1', 'p-2', 'p-3']), cold());
      const arrived = requests
        .map(namesIn)
        .filter((names) => !['p-1', 'p-2', 'p-3'].some((bad) => names.includes(bad)));
      const last = ['p-5', 'p-6', 'p-7', 'p-8'];
      expect(arrived).toEqual([last, last, ['p-4'], ['p-4'], last]);
      expect(count(outcomes, 'heap_refused')).toBe(3);
      expect(count(outcomes, 'delivered')).toBe(5);
    });

    test('an entry that is accepted the second time is followed by the later ones again', async () => {
      let isFirst = true;
      const { requests, outcomes } = await run(
        [property('p-1', 1), property('p-2', 2)],
        (names) => {
          if (names.length === 2) return refused();
          if (names.includes('p-2')) return accepted;
          const answer = isFirst ? refused() : accepted;
          isFirst = false;
          return answer;
        },
        cold(),
      );
      expect(requests.map(namesIn)).toEqual([['p-1', 'p-2'], ['p-1'], ['p-2'], ['p-1'], ['p-2']]);
      expect(Object.fromEntries(outcomes)).toEqual({ 'p-1': 'delivered', 'p-2': 'delivered' });
    });

    test('all wait if the budget has no request left to send a later one ahead', async () => {
      const { requests, outcomes } = await run([property('p-1', 1), property('p-2', 2)], refusing(['p-1']), {
        ...cold(),
        budget: { extraRequests: 1 },
      });
      expect(requests.map(namesIn)).toEqual([['p-1', 'p-2'], ['p-1']]);
      expect(Object.fromEntries(outcomes)).toEqual({ 'p-1': 'undecided', 'p-2': 'undecided' });
    });

    test('all wait if none is accepted', async () => {
      const { outcomes } = await run(calls, () => refused(), cold());
      expect(new Set(outcomes.values())).toEqual(new Set(['undecided']));
    });
  });
});

test('events of one user do not wait for each other', async () => {
  const { outcomes } = await run([trackOf('e-0', { identity: 'u' }), trackOf('e-1', { identity: 'u' })], (names) => {
    if (names.length === 2) return refused();
    return names.includes('e-0') ? deferred('heap_error', '') : accepted;
  });
  expect(Object.fromEntries(outcomes)).toEqual({ 'e-0': 'heap_error', 'e-1': 'delivered' });
});

test('whichever entries are bad, those and no others are rejected, and each has one outcome', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 200 }),
      fc.uniqueArray(fc.nat(199), { maxLength: 6 }),
      async (size, indexes) => {
        const bad = indexes.filter((index) => index < size).map((index) => `e-${index}`);
        const { outcomes } = await run(tracksOf(size), refusing(bad));
        expect(outcomes.size).toBe(size);
        for (const [name, outcome] of outcomes)
          expect([name, outcome]).toEqual([name, bad.includes(name) ? 'heap_refused' : 'delivered']);
      },
    ),
  );
});

test('no more requests are sent than the full ones and the budget, whatever Heap answers', async () => {
  const answer = fc.constantFrom(
    accepted,
    refused(),
    refused(413),
    deferred('heap_error', ''),
    deferred('out_of_time', ''),
  );
  const size = fc.constantFrom(undefined, 1, 2, 7);
  await fc.assert(
    fc.asyncProperty(
      fc.array(size, { minLength: 1, maxLength: 80 }),
      fc.array(answer, { minLength: 1, maxLength: 200 }),
      fc.nat(30),
      fc.boolean(),
      async (sizes, answers, extraRequests, isWarm) => {
        const calls = sizes.map((mostEntries, index): PendingCall => {
          const call = index % 2 === 0 ? trackOf(`e-${index}`) : property(`p-${index}`, index, `user-${index % 6}`);
          return mostEntries === undefined ? call : { ...call, mostEntries };
        });
        const full = requestsOf(calls).filter(({ entries }) => entries[0]?.mostEntries === Infinity).length;
        const budget = { extraRequests };
        let sent = 0;
        const { outcomes } = await run(
          calls,
          () => {
            sent += 1;
            return answers[sent % answers.length] ?? accepted;
          },
          { budget, acceptances: isWarm ? acceptedBefore(0) : nothingAccepted() },
        );
        expect(sent).toBeLessThanOrEqual(full + extraRequests);
        expect(budget.extraRequests).toBeGreaterThanOrEqual(0);
        expect(outcomes.size).toBe(calls.length);
      },
    ),
    { numRuns: 300 },
  );
});
