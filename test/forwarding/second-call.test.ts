import { callsOf, outcomeOfBoth } from '../../lib/forwarding/second-call.ts';
import { deferred, rejected, type Outcome } from '../../lib/outcome.ts';
import { accountOf, userOf } from '../heap/calls.ts';

const delivered: Outcome = { kind: 'delivered' };
const bad = rejected('heap_refused', 'bad', 400);
const tooLarge = rejected('too_large', 'large', 413);
const failed = deferred('heap_error', 'Heap answered 503', { heapStatus: 503 });
const late = deferred('out_of_time', 'late');
const undecided = deferred('undecided', 'why', { mostEntries: 4, mostCalls: 2, refusedAloneAt: 7 });

test.each<[string, Outcome, Outcome, Outcome]>([
  ['both delivered', delivered, delivered, delivered],
  ['the first refused', bad, delivered, bad],
  ['the second refused', delivered, bad, bad],
  ['both refused: the first cause', bad, tooLarge, bad],
  ['the first refused, the second deferred', bad, failed, bad],
  ['the first deferred, the second refused', failed, bad, bad],
  ['the first deferred', undecided, delivered, undecided],
  ['the second deferred', delivered, failed, { ...failed, also: {} }],
  [
    'the second deferred, with what was found out about it',
    delivered,
    undecided,
    { ...deferred('undecided', 'why'), also: { mostEntries: 4, mostCalls: 2, refusedAloneAt: 7 } },
  ],
  ['both deferred: the first cause', failed, late, { ...failed, also: {} }],
  [
    'both deferred: what was found out about each stays apart',
    { ...failed, mostEntries: 2 },
    undecided,
    { ...failed, mostEntries: 2, also: { mostEntries: 4, mostCalls: 2, refusedAloneAt: 7 } },
  ],
])('%s', (_, first, second, expected) => {
  expect(outcomeOfBoth(first, second)).toEqual(expected);
});

test('the second calls stand behind the first ones of their events', () => {
  const one = userOf('u', { a: 1 });
  const also = userOf('v', { account: 'acme' });
  const two = { ...accountOf('acme', { b: 1 }), also };
  expect(callsOf([one, two])).toEqual([one, two, also]);
  const alone = [one];
  expect(callsOf(alone)).toBe(alone);
});
