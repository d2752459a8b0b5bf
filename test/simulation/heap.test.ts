import fc from 'fast-check';
import { createHeap as createSimulator } from '../../local/heap-simulator/heap.ts';
import type { SimulatedEvent } from '../../simulation/model/event.ts';
import { createHeap, type Answer, type Heap } from '../../simulation/model/heap.ts';
import { createScheduler, type Scheduler } from '../../simulation/model/scheduler.ts';
import type { Effect } from '../../simulation/scenarios/scenario.ts';

const TIMEOUT_MS = 10_000;

let made = 0;
function event(changes: Partial<SimulatedEvent> = {}): SimulatedEvent {
  made += 1;
  const state = { timesStored: 0, storedAt: -1, isGivenUp: false };
  return { id: made, sentAt: 0, user: 1, call: 'track', isBad: false, isExtra: false, ...state, ...changes };
}

function setUp(effect?: Effect): { readonly scheduler: Scheduler; readonly heap: Heap } {
  const scheduler = createScheduler();
  return { scheduler, heap: createHeap({ scheduler, random: () => 0.5, effectOn: () => effect }) };
}

describe('Heap’s limits', () => {
  const request = fc.record({
    waitMs: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1000, 29_700, 60_000),
    call: fc.constantFrom('track' as const, 'track' as const, 'add_user_properties' as const),
    // Events of one user and of many others, so that either limit may be the one that is exceeded.
    ofOneUser: fc.constantFrom(0, 0, 0, 1, 400, 1000),
    ofOthers: fc.constantFrom(1, 800, 1000, 1000),
    isBad: fc.constantFrom(...Array.from({ length: 9 }, () => false), true),
  });

  test('of the bulk form are those of the simulator, and the same events are stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 10, maxLength: 45 }), async (requests) => {
        const { scheduler, heap } = setUp({ kind: 'slow', latencyMs: 0 });
        const simulator = createSimulator(scheduler.now);
        simulator.refuse(({ bad }) => bad === true);
        scheduler.start(async () => {
          for (const { waitMs, call, ofOneUser, ofOthers, isBad } of requests) {
            await scheduler.sleep(waitMs);
            const count = Math.max(1, Math.min(1000, ofOneUser + ofOthers));
            const events = Array.from({ length: count }, (_, index) =>
              event({ call, isBad: isBad && index === 0, user: index < ofOneUser ? 1 : index }),
            );
            const answer = await heap.bulk({ events, caller: 1, timeoutMs: TIMEOUT_MS });
            const { status } = simulator.handle(call, toBody(events, call));
            expect(answer).toEqual({ kind: 'answered', status, retryAfter: undefined });
            expect(events.every(({ timesStored }) => timesStored === (status === 200 ? 1 : 0))).toBe(true);
          }
        });
        await scheduler.run(Infinity);
        expect(heap.counts).toEqual({ requests: requests.length, overLimits: simulator.counts().overLimit });
      }),
      { numRuns: 12 },
    );
  });

  test('of an app are 15,000 events a minute', async () => {
    const { scheduler, heap } = setUp({ kind: 'slow', latencyMs: 0 });
    const statuses: unknown[] = [];
    const send = async (count: number): Promise<void> => {
      const events = Array.from({ length: count }, (_, user) => event({ user }));
      const answer = await heap.bulk({ events, caller: 1, timeoutMs: TIMEOUT_MS });
      statuses.push(answer.kind === 'answered' ? answer.status : answer.kind);
    };
    scheduler.start(async () => {
      for (let sent = 0; sent < 15; sent += 1) await send(1000);
      await send(1);
      await scheduler.sleep(59_999);
      await send(1);
      await scheduler.sleep(1);
      await send(1);
    });
    await scheduler.run(Infinity);
    expect(statuses).toEqual([...Array.from({ length: 15 }, () => 200), 429, 429, 200]);
  });

  test('of the single form are 30 events in 30 s, for each user and each call', async () => {
    const { scheduler, heap } = setUp({ kind: 'slow', latencyMs: 0 });
    const statuses: string[] = [];
    const send = (at: number, count: number, changes: Partial<SimulatedEvent> = {}): void => {
      for (let index = 0; index < count; index += 1) {
        scheduler.at(at, () =>
          heap.single({ event: event(changes), caller: 1, timeoutMs: TIMEOUT_MS }, (answer) => {
            statuses.push(`${at}: ${answer.kind === 'answered' ? answer.status : answer.kind}`);
          }),
        );
      }
    };
    send(0, 30);
    send(10, 1);
    send(20, 1, { user: 2 });
    send(30, 1, { call: 'add_user_properties' });
    send(29_999, 1);
    send(30_000, 1);
    await scheduler.run(Infinity);
    expect(new Set(statuses.slice(0, 30))).toEqual(new Set(['0: 200']));
    expect(statuses.slice(30)).toEqual(['10: 429', '20: 200', '30: 200', '29999: 429', '30000: 200']);
  });
});

function toBody(events: readonly SimulatedEvent[], call: SimulatedEvent['call']): string {
  const entries = events.map(({ id, user, isBad }) =>
    call === 'track'
      ? { identity: `u${user}`, event: 'E', properties: {}, idempotency_key: `m${id}`, ...(isBad ? { bad: true } : {}) }
      : { identity: `u${user}`, properties: { a: 1 }, ...(isBad ? { bad: true } : {}) },
  );
  return JSON.stringify({ app_id: '1', [call === 'track' ? 'events' : 'users']: entries });
}

describe('a request in an incident', () => {
  const answered = (status: number): Answer => ({ kind: 'answered', status, retryAfter: undefined });
  test.each<[string, Effect, Answer, number, number]>([
    ['that is slow is stored half way', { kind: 'slow', latencyMs: 4000 }, answered(200), 4000, 2000],
    [
      'that is too slow times out, though it is stored',
      { kind: 'slow', latencyMs: 12_000 },
      { kind: 'timeout' },
      TIMEOUT_MS,
      6000,
    ],
    [
      'that does not arrive before its timeout is not stored',
      { kind: 'slow', latencyMs: 20_000 },
      { kind: 'timeout' },
      TIMEOUT_MS,
      -1,
    ],
    ['may be stored and never answered', { kind: 'silence', isStored: true }, { kind: 'timeout' }, TIMEOUT_MS, 60],
    ['may be neither', { kind: 'silence', isStored: false }, { kind: 'timeout' }, TIMEOUT_MS, -1],
    ['that is refused is not stored', { kind: 'status', status: 503, latencyMs: 80 }, answered(503), 80, -1],
    ['without a connection fails at once', { kind: 'unreachable' }, { kind: 'unreachable' }, 20, -1],
  ])('%s', async (_, effect, answer, endsAt, storedAt) => {
    const { scheduler, heap } = setUp(effect);
    const [single, bulk] = [event(), event()];
    const ends: unknown[] = [];
    heap.single({ event: single, caller: 1, timeoutMs: TIMEOUT_MS }, (got) => ends.push([got, scheduler.now()]));
    scheduler.start(async () => {
      ends.push([await heap.bulk({ events: [bulk], caller: 1, timeoutMs: TIMEOUT_MS }), scheduler.now()]);
    });
    await scheduler.run(Infinity);
    expect(ends).toEqual([
      [answer, endsAt],
      [answer, endsAt],
    ]);
    expect([single, bulk].map((one) => Math.floor(one.storedAt))).toEqual([storedAt, storedAt]);
  });
});
