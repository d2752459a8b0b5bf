import { billOfBacklog, runBacklog, WAITS, type BacklogOptions } from '../../local/cost/backlog.ts';
import { billOf, eventsInBatch, sqsDollars, totalOf, type Situation } from '../../local/cost/bill.ts';
import { PRICES } from '../../local/cost/prices.ts';
import { readCostResult, roundedJson } from '../../local/cost/result-file.ts';

const SITUATION: Situation = {
  eventsPerSecond: 100,
  eventsPerMessage: 1,
  batchSize: 1000,
  batchWindowSeconds: 5,
  memoryMb: 512,
  heapMs: 300,
  roundTrips: 2,
};

test.each<[string, Partial<Situation>, number]>([
  ['what arrives within the window', {}, 500],
  ['at most the batch size', { eventsPerSecond: 1000 }, 1000],
  ['one message at least', { eventsPerSecond: 0.1 }, 1],
  ['whole messages', { eventsPerMessage: 40 }, 480],
  [
    'the batch size in messages, not in events',
    { eventsPerSecond: 10_000, eventsPerMessage: 40, batchSize: 100 },
    4000,
  ],
])('a batch holds %s', (_, change, events) => {
  expect(eventsInBatch({ ...SITUATION, ...change })).toBe(events);
});

test.each<[string, Parameters<typeof sqsDollars>, number]>([
  ['three calls for ten messages: send, receive, delete', [1, 1, 0], 0.12],
  ['four if a message is received twice, and one more that gives it back', [1, 2, 1], 0.2],
  // Ten messages of 40 KB are seven requests each time that they are sent or received.
  ['each 64 KB that are carried, with 50 events a message', [50, 1, 0], 0.012],
])('SQS is paid for %s', (_, [eventsPerMessage, receives, givenBack], dollars) => {
  expect(sqsDollars(eventsPerMessage, receives, givenBack)).toBeCloseTo(dollars, 6);
});

test('Lambda is paid for waiting for Heap by its memory, and for its own work about the same with any memory', () => {
  const bill = (change: Partial<Situation>, ownMs: number): number =>
    billOf({ ...SITUATION, ...change }, () => ({ ownMs, logBytes: 0 })).lambda;
  const requests = (1_000_000 / 500) * PRICES.lambdaRequest.dollars;
  expect(bill({}, 0)).toBeCloseTo(2000 * 0.6 * 0.5 * PRICES.lambdaGbSecond.dollars + requests, 8);
  expect(bill({ memoryMb: 256 }, 0) - requests).toBeCloseTo((bill({}, 0) - requests) / 2, 8);
  expect(bill({ heapMs: 0, memoryMb: 256 }, 10)).toBeCloseTo(bill({ heapMs: 0 }, 10), 8);
});

describe('a backlog of one app', () => {
  const OPTIONS: BacklogOptions = {
    events: 9000,
    eventsPerMessage: 1,
    timeoutMs: 60_000,
    heapMs: 300,
    maximumConcurrency: 2,
  };
  const INVOCATION = { ownMs: 10, logBytes: 2000 };

  test('costs less when the function waits for the rate limit than when it gives events back to wait in the queue', async () => {
    const waits = await runBacklog(OPTIONS);
    const givesBack = await runBacklog({ ...OPTIONS, timeoutMs: 4000 });
    expect(waits.receives).toBe(1);
    expect(givesBack.receives).toBeGreaterThan(1.1);
    const [bill, otherBill] = [waits, givesBack].map((run) => billOfBacklog(run, INVOCATION, 512));
    const total = (of: typeof bill): number => (of === undefined ? Number.NaN : totalOf(of.bill));
    expect(bill?.billedSeconds).toBeGreaterThan(otherBill?.billedSeconds ?? Number.NaN);
    expect(total(bill)).toBeLessThan(0.95 * total(otherBill));
  });

  test('goes out as in the kept result of npm run cost, with 50 events a message and given back', async () => {
    const kept = readCostResult().backlogs.find(
      ({ eventsPerMessage, wait }) => eventsPerMessage === 50 && wait === WAITS[1].wait,
    );
    const run = await runBacklog({ ...OPTIONS, events: 60_000, eventsPerMessage: 50, timeoutMs: WAITS[1].timeoutMs });
    expect(JSON.parse(roundedJson({ wait: WAITS[1].wait, ...run }))).toEqual(kept);
  });
});
