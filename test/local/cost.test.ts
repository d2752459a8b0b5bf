import { runBacklog, type BacklogOptions } from '../../local/cost/backlog.ts';
import { alternatives, billOf, eventsInBatch, sqsDollars, type Situation } from '../../local/cost/bill.ts';
import { PRICES } from '../../local/cost/prices.ts';
import { readPage } from '../docs/pages.ts';
import { tableUnder } from '../docs/tables.ts';

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
    memoryMb: 512,
    maximumConcurrency: 2,
    invocation: { ownMs: 10, logBytes: 2000 },
  };

  test('costs less when the function waits for the rate limit than when it gives events back to wait in the queue', async () => {
    const waits = await runBacklog(OPTIONS);
    const givesBack = await runBacklog({ ...OPTIONS, timeoutMs: 4000 });
    expect(waits.receives).toBe(1);
    expect(givesBack.receives).toBeGreaterThan(1.1);
    expect(waits.billedSeconds).toBeGreaterThan(givesBack.billedSeconds);
    const total = ({ bill }: typeof waits): number => bill.sqs + bill.lambda + bill.logs;
    expect(total(waits)).toBeLessThan(0.95 * total(givesBack));
  });
});

test('docs/operations.md has the price and the source of each service, and what the other ways cost', () => {
  const page = readPage('docs/operations.md');
  const documented = tableUnder(page, 'Where the prices come from').map(([what, price, source = '']) => [
    what,
    price,
    /\]\((.+)\)/.exec(source)?.[1],
  ]);
  const known = Object.values(PRICES).map(({ what, dollars, unit, source }) => {
    const price =
      unit === 'request' ? `$${(dollars * 1e6).toFixed(2)} for a million requests` : `$${dollars} for a ${unit}`;
    return [what, price, source];
  });
  expect(documented).toEqual(known);
  const others = tableUnder(page, 'Other ways').slice(1);
  expect(others.map(([what, dollars]) => [what, dollars])).toEqual(
    alternatives().map(({ what, dollars }) => [what, `$${dollars.toFixed(3)}`]),
  );
});
