import { callsOf, joinOutcomes, outcomeOfAll } from '../../lib/forwarding/several-calls.ts';
import type { Outputs } from '../../lib/mapping/mapped.ts';
import { deferred, rejected, type Outcome } from '../../lib/outcome.ts';
import { accountOf, trackOf, userOf } from '../heap/calls.ts';

const delivered: Outcome = { kind: 'delivered' };
const bad = rejected('heap_refused', 'bad', 400);
const tooLarge = rejected('too_large', 'large', 413);
const failed = deferred('heap_error', 'Heap answered 503', { heapStatus: 503 });
const paced = deferred('paced_identity', 'no room', { retryAfterMs: 60_000 });
const late = deferred('out_of_time', 'late');
const undecided = deferred('undecided', 'why', { mostEntries: 4, mostCalls: 2, refusedAloneAt: 7 });
const found = { mostEntries: 4, mostCalls: 2, refusedAloneAt: 7 };
const withoutFindings = deferred('undecided', 'why');

test.each<[string, readonly Outcome[], Outcome]>([
  ['all delivered', [delivered, delivered], delivered],
  ['the first refused', [bad, delivered], bad],
  ['the second refused', [delivered, bad], bad],
  ['both refused: the first cause', [bad, tooLarge], bad],
  [
    'one refused while another waits: the event waits, and the refused call is not sent again',
    [bad, failed],
    { ...failed, calls: [{ outcome: bad }, {}] },
  ],
  [
    'one delivered while another waits: the delivered call is not sent again',
    [failed, delivered, delivered],
    { ...failed, calls: [{}, { outcome: delivered }, { outcome: delivered }] },
  ],
  ['all deferred: the first cause, and nothing to remember', [failed, late], failed],
  ['one waits for a rate limit, and one fails: the failure', [paced, failed], failed],
  ['all wait for a rate limit', [paced, paced], paced],
  [
    'what was found out about each call stays apart',
    [{ ...failed, mostEntries: 2 }, undecided],
    { ...failed, mostEntries: 2, calls: [{ mostEntries: 2 }, found] },
  ],
  [
    'what was found out about the second is not said of the first',
    [delivered, undecided],
    { ...withoutFindings, calls: [{ outcome: delivered }, found] },
  ],
])('several calls, %s', (_, outcomes, expected) => {
  expect(outcomeOfAll(outcomes)).toEqual(expected);
});

describe('the events of a transformation', () => {
  const outputs: Outputs = { count: 3, ofCalls: [1, 3], rejection: undefined };
  const rejection = rejected('missing_event', 'event 2 of the 3 of the transformation: event is required');

  test('a refusal says which of them was refused', () => {
    const detail = 'event 3 of the 3 of the transformation: bad';
    expect(outcomeOfAll([delivered, bad], outputs)).toEqual({ ...bad, detail });
  });

  test('one that was rejected before it was sent rejects the event, once the others are delivered', () => {
    expect(outcomeOfAll([delivered, delivered], { ...outputs, rejection })).toEqual(rejection);
    expect(outcomeOfAll([delivered, failed], { ...outputs, rejection })).toMatchObject(failed);
  });

  test('the only one that was sent does not hide the one that was rejected', () => {
    const event = { ...trackOf('a'), outcome: delivered, outputs: { count: 2, ofCalls: [1], rejection } };
    joinOutcomes([event]);
    expect(event.outcome).toEqual(rejection);
  });
});

test('the other calls stand behind the first ones of their events', () => {
  const one = userOf('u', { a: 1 });
  const also = [userOf('v', { account: 'acme' }), userOf('w', { account: 'acme' })];
  const several = { ...accountOf('acme', { b: 1 }), also };
  expect(callsOf([one, several])).toEqual([one, several, ...also]);
  const alone = [one];
  expect(callsOf(alone)).toBe(alone);
});

test('calls that are delivered or rejected already are not sent again', () => {
  const also = [
    { ...trackOf('b'), outcome: delivered },
    { ...trackOf('c'), outcome: failed },
    { ...trackOf('d'), outcome: bad },
  ];
  const several = { ...trackOf('a'), outcome: delivered, also };
  expect(callsOf([several])).toEqual([also[1]]);
});
