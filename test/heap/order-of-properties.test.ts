import fc from 'fast-check';
import type { BulkRequest, PendingCall } from '../../lib/heap/bulk.ts';
import type { SendResult } from '../../lib/heap/client.ts';
import { deferred } from '../../lib/outcome.ts';
import { accountOf, nameOf, userOf } from './calls.ts';
import { startContainer } from './container.ts';

/** What Heap answers to a request: its verdict on the entries, or one of these. */
type Trouble = 'throttled' | 'down' | 'silent' | 'answer lost' | 'out of time' | 'refuses everything';

const ANSWERS: Readonly<Record<Trouble, SendResult>> = {
  throttled: deferred('heap_throttled', 'Heap answered 429', { retryAfterMs: 1000 }),
  down: deferred('heap_error', 'Heap answered 503'),
  silent: deferred('heap_timeout', 'Heap did not answer'),
  'answer lost': deferred('heap_timeout', 'Heap did not answer'),
  'out of time': deferred('out_of_time', 'the invocation ended before Heap answered'),
  'refuses everything': { kind: 'refused', status: 400, detail: 'Heap answered 400' },
};
const TROUBLES: readonly Trouble[] = [
  'throttled',
  'down',
  'silent',
  'answer lost',
  'out of time',
  'refuses everything',
];

/** Properties that arrive in several invocations, with earlier and later times, and a Heap in trouble for some requests. */
const situations = fc.record({
  plans: fc.array(
    fc.record({
      arrives: fc.nat(4),
      time: fc.nat(9),
      subject: fc.constantFrom('a', 'b'),
      make: fc.constantFrom(userOf, userOf, accountOf),
      isBad: fc.boolean(),
    }),
    { minLength: 1, maxLength: 15 },
  ),
  answers: fc.array(fc.option(fc.constantFrom(...TROUBLES), { freq: 3 }), { maxLength: 25 }),
  inTime: fc.constantFrom(2, 3, 5, Infinity),
  betweenMs: fc.constantFrom(1000, 40_000, 900_000),
});

const subjectOf = ({ kind }: PendingCall['call'], subject: unknown): string => `${kind} ${String(subject)}`;

test('the latest properties of a batch win, and none overtakes one that waits, whatever Heap answers', async () => {
  await fc.assert(
    fc.asyncProperty(situations, async ({ plans, answers, inTime, betweenMs }) => {
      const inHeap = new Map<string, Record<string, unknown>>();
      const script = answers.values();
      let left = 0;

      function store({ kind, entries }: BulkRequest): void {
        for (const { json, identity } of entries) {
          const properties: unknown = JSON.parse(json).properties;
          inHeap.set(`${kind} ${identity}`, { ...inHeap.get(`${kind} ${identity}`), ...Object(properties) });
        }
      }
      const container = startContainer((request) => {
        left -= 1;
        const trouble = left < 0 ? 'out of time' : script.next().value;
        const isBad = request.entries.some(({ json }) => json.includes('"bad'));
        if ((trouble === undefined || trouble === null || trouble === 'answer lost') && !isBad) store(request);
        if (trouble !== undefined && trouble !== null) return ANSWERS[trouble];
        return isBad ? ANSWERS['refuses everything'] : { kind: 'delivered' };
      }, betweenMs);

      const sent = plans.map(({ make, subject, time, isBad, arrives }, index) => ({
        call: make(subject, { [`${isBad ? 'bad' : 'good'}-${index}`]: 1, latest: index }, { time }),
        time,
        index,
        arrives,
        subject,
      }));
      for (let invocation = 0; invocation < 12; invocation += 1) {
        left = inTime;
        const here = sent.filter(({ arrives }) => arrives <= invocation);
        const { outcomes } = await container.invoke(here.map(({ call }) => call));
        const ofBatch = here
          .filter(({ call }) => outcomes.has(nameOf(call)))
          .map((one) => ({ ...one, kind: outcomes.get(nameOf(one.call))?.kind }))
          .toSorted((a, b) => a.time - b.time);
        for (const [subject, ordered] of Map.groupBy(ofBatch, (one) => subjectOf(one.call.call, one.subject))) {
          const waits = ordered.findIndex(({ kind }) => kind === 'deferred');
          const behind = waits < 0 ? [] : ordered.slice(waits);
          expect(behind.filter(({ kind }) => kind === 'delivered')).toEqual([]);
          const last = ordered.findLast(({ kind }) => kind === 'delivered');
          const held = inHeap.get(subject)?.['latest'];
          expect(held).toBe(waits < 0 && last !== undefined ? last.index : held);
        }
      }
      // Nothing is lost: each call has an outcome.
      expect(container.outcomes.size).toBe(sent.length);
    }),
    { numRuns: 300 },
  );
});
