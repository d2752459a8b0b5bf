import type { SQSRecord } from 'aws-lambda';
import { forward, type ForwardDependencies } from '../../lib/forwarding/forward.ts';
import { createOutcomeCache } from '../../lib/forwarding/outcome-cache.ts';
import { mapOutcomes } from '../../lib/forwarding/processed-record.ts';
import type { PendingCall } from '../../lib/heap/bulk.ts';
import { NO_CUTS } from '../../lib/mapping/flatten.ts';
import type { Mapped } from '../../lib/mapping/mapped.ts';
import { deferred, type Outcome } from '../../lib/outcome.ts';
import type { RudderStackEvent } from '../../lib/rudderstack/event.ts';
import { DELIVERED, FAILED, FILTERED, recordOf, REFUSED } from './processed.ts';

const NOW = 1_000_000;
const DEADLINES = { sending: NOW + 50_000, settling: NOW + 59_000 };

/** An event that says itself what is to become of it. */
const eventOf = (name: string, messageId: unknown = `id-${name}`): string =>
  JSON.stringify({ type: 'track', event: name, messageId });

function mappedOf(name: string): Mapped {
  const payload = { identity: 'u', event: name, properties: {}, idempotency_key: name };
  return {
    kind: 'mapped',
    call: { kind: 'track', appId: '1', payload },
    cuts: { ...NO_CUTS, textsCut: 1 },
    characters: 10,
  };
}

const nameOf = ({ call }: PendingCall): string => (call.kind === 'track' ? call.payload.event : 'no event');

/** The outcomes of events with these names; all others are delivered. */
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  failed: FAILED,
  paced: deferred('paced_app', ''),
  late: deferred('out_of_time', ''),
};

/** Dependencies that decide and deliver by the name of an event, and everything that they were asked for. */
function dependencies(changes: Partial<ForwardDependencies> = {}) {
  const delivered: PendingCall[] = [];
  const deadlines: number[] = [];
  const problems: string[] = [];
  const given: ForwardDependencies = {
    decide(event: RudderStackEvent) {
      if (event.event === 'filtered') return FILTERED;
      if (event.event === 'rejected') return REFUSED;
      if (event.event === 'broken') throw new Error('the mapping is broken');
      return mappedOf(String(event.event));
    },
    async deliver(calls, deadline) {
      delivered.push(...calls);
      deadlines.push(deadline);
      for (const call of calls) {
        if (nameOf(call) !== 'forgotten') call.outcome = OUTCOMES[nameOf(call)] ?? DELIVERED;
      }
    },
    async settle(processed, deadline) {
      deadlines.push(deadline);
      return processed;
    },
    outcomeCache: createOutcomeCache(),
    clock: { now: () => NOW, sleep: async () => undefined },
    listener: { onProblem: (code, error) => problems.push(`${code}: ${String(error)}`) },
    ...changes,
  };
  return { given, delivered, deadlines, problems };
}

async function run(records: readonly SQSRecord[], changes: Partial<ForwardDependencies> = {}) {
  const { given, delivered, deadlines, problems } = dependencies(changes);
  const { response, report } = await forward(records, DEADLINES, given);
  const words = report.outcomes.map((outcome) => (outcome.kind === 'delivered' ? 'delivered' : outcome.reason));
  return { response, report, words, delivered: delivered.map(nameOf), deadlines, problems, given };
}

const failuresOf = (...messageIds: string[]) => ({
  batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })),
});

test('a batch is unwrapped, decided, delivered and settled; only records with a deferred event go back', async () => {
  const { response, report, words, delivered } = await run([
    recordOf('a', { body: eventOf('good'), sentAt: NOW - 2000 }),
    recordOf('b', {
      body: `[${eventOf('good')},${eventOf('failed')},${eventOf('filtered')}]`,
      sentAt: NOW - 9000,
      firstReceivedAt: NOW - 7000,
    }),
    recordOf('c', { body: eventOf('rejected'), sentAt: NOW - 1000, firstReceivedAt: NOW - 8000 }),
    recordOf('d', { body: 'garbage', sentAt: NOW - 1000 }),
  ]);
  expect(words).toEqual(['delivered', 'delivered', 'heap_error', 'integrations', 'heap_refused', 'not_json']);
  expect(delivered).toEqual(['good', 'good', 'failed']);
  expect(response).toEqual(failuresOf('b'));
  expect(report).toMatchObject({ records: 4, recordsDeferred: 1, oldestRetryAgeMs: 7000 });
  expect(report.cuts).toHaveLength(3);
});

test.each([
  ['failed', 5000],
  ['late', 5000],
  // It waits for its turn.
  ['paced', 0],
  ['good', 0],
])('a record with an event that is %s and was first received 5 s ago has been retried for %i ms', async (name, ms) => {
  const received = { sentAt: NOW - 9000, firstReceivedAt: NOW - 5000 };
  const { report } = await run([recordOf('a', { body: eventOf(name), ...received })]);
  expect(report.oldestRetryAgeMs).toBe(ms);
});

test('sending and settling have deadlines of their own', async () => {
  const { deadlines } = await run([recordOf('a', { body: eventOf('good') })]);
  expect(deadlines).toEqual([DEADLINES.sending, DEADLINES.settling]);
});

test.each([
  ['the time at which its record entered the queue', '5000', 5000],
  ['now, for a record that a person wrote by hand', '', NOW],
])('a call counts from %s', async (_, SentTimestamp, arrivedAt) => {
  const { given, delivered } = dependencies();
  const record = recordOf('a', { body: eventOf('good') });
  await forward([{ ...record, attributes: { ...record.attributes, SentTimestamp } }], DEADLINES, given);
  expect(delivered.map((call) => call.arrivedAt)).toEqual([arrivedAt]);
});

test('what settling has changed is what counts', async () => {
  const { response, words } = await run([recordOf('a', { body: eventOf('rejected') })], {
    settle: async (processed) => processed.map((one) => mapOutcomes(one, () => FAILED)),
  });
  expect(words).toEqual(['heap_error']);
  expect(response).toEqual(failuresOf('a'));
});

test('settling gets each event as it came, with the id that RudderStack gave it', async () => {
  const body = `[${eventOf('good')}, ${eventOf('good', 7)} ,5]`;
  const seen: unknown[] = [];
  await run([recordOf('a', { body })], {
    async settle(processed) {
      seen.push(...processed.flatMap(({ events }) => events.map((event) => [event.text(), event.eventMessageId])));
      return processed;
    },
  });
  expect(seen).toEqual([
    [eventOf('good'), 'id-good'],
    [eventOf('good', 7), undefined],
    ['5', undefined],
  ]);
});

describe('when something fails unexpectedly', () => {
  test('in the mapping, the record goes back as a whole and the others are delivered', async () => {
    const { response, words, problems } = await run([
      recordOf('a', { body: `[${eventOf('good')},${eventOf('broken')}]` }),
      recordOf('b', { body: eventOf('good') }),
    ]);
    expect(words).toEqual(['internal_error', 'delivered']);
    expect(response).toEqual(failuresOf('a'));
    expect(problems).toEqual(['internal_error: Error: the mapping is broken']);
  });

  test('in the delivery, what was to be sent goes back, and what was decided before is settled', async () => {
    const { response, words, problems } = await run(
      [recordOf('a', { body: eventOf('good') }), recordOf('b', { body: eventOf('rejected') })],
      { deliver: () => Promise.reject(new Error('the delivery is broken')) },
    );
    expect(words).toEqual(['internal_error', 'heap_refused']);
    expect(response).toEqual(failuresOf('a'));
    expect(problems).toEqual(['internal_error: Error: the delivery is broken']);
  });

  test('in the delivery, the events that already had their outcome keep it', async () => {
    const { response, words } = await run(
      [recordOf('a', { body: eventOf('a') }), recordOf('b', { body: eventOf('b') })],
      {
        async deliver([first]) {
          if (first !== undefined) first.outcome = DELIVERED;
          throw new Error('the delivery is broken');
        },
      },
    );
    expect(words).toEqual(['delivered', 'internal_error']);
    expect(response).toEqual(failuresOf('b'));
  });

  test('a call without an outcome goes back: it is not taken for delivered', async () => {
    const { response, words } = await run([
      recordOf('a', { body: eventOf('forgotten') }),
      recordOf('b', { body: eventOf('good') }),
    ]);
    expect(words).toEqual(['internal_error', 'delivered']);
    expect(response).toEqual(failuresOf('a'));
  });

  test('in settling, rejected events go back without a dead letter, and nothing else changes', async () => {
    const { response, words, problems } = await run(
      ['good', 'filtered', 'rejected', 'failed'].map((name) => recordOf(name, { body: eventOf(name) })),
      { settle: () => Promise.reject(new Error('settling is broken')) },
    );
    expect(words).toEqual(['delivered', 'integrations', 'internal_error', 'heap_error']);
    expect(response).toEqual(failuresOf('rejected', 'failed'));
    expect(problems).toEqual(['internal_error: Error: settling is broken']);
  });
});

describe('a record that comes back', () => {
  test('is not sent again where Heap has the event already', async () => {
    const { given, delivered } = dependencies();
    const record = recordOf('a', { body: `[${eventOf('good')},${eventOf('failed')}]` });
    await forward([record], DEADLINES, given);
    const { report } = await forward([record], DEADLINES, given);
    expect(delivered.map(nameOf)).toEqual(['good', 'failed', 'failed']);
    expect(report.outcomes.map(({ kind }) => kind)).toEqual(['delivered', 'deferred']);
  });

  test('is sent in a request of the size that its event needs', async () => {
    const small = deferred('undecided', 'Heap answered 400', { heapStatus: 400, mostEntries: 3 });
    const { given } = dependencies();
    const sent: unknown[] = [];
    const deliver: ForwardDependencies['deliver'] = async (calls) => {
      sent.push(calls.map((call) => [nameOf(call), call.mostEntries]));
      for (const call of calls) call.outcome = nameOf(call) === 'bad' ? small : FAILED;
    };
    const record = recordOf('a', { body: `[${eventOf('good')},${eventOf('bad')}]` });
    await forward([record], DEADLINES, { ...given, deliver });
    await forward([record], DEADLINES, { ...given, deliver });
    expect(sent).toEqual([
      [
        ['good', undefined],
        ['bad', undefined],
      ],
      [
        ['good', undefined],
        ['bad', 3],
      ],
    ]);
  });

  test('is sent again as a whole when it had left the queue before', async () => {
    const { given, delivered } = dependencies();
    const record = recordOf('a', { body: `[${eventOf('good')},${eventOf('good')}]` });
    await forward([record], DEADLINES, given);
    await forward([record], DEADLINES, given);
    expect(delivered).toHaveLength(4);
  });

  test('is not sent again where Heap has the event and only a dead letter is missing', async () => {
    const { given, delivered } = dependencies({
      settle: async (processed) =>
        processed.map((one) => mapOutcomes(one, (outcome) => (outcome.kind === 'rejected' ? FAILED : outcome))),
    });
    const record = recordOf('a', { body: `[${eventOf('good')},${eventOf('rejected')}]` });
    await forward([record], DEADLINES, given);
    await forward([record], DEADLINES, given);
    expect(delivered.map(nameOf)).toEqual(['good']);
  });

  test('is sent again where settling has deferred what Heap had taken, so that it stays behind an earlier record', async () => {
    const { given, delivered } = dependencies({
      settle: async (processed) => processed.map((one) => mapOutcomes(one, () => FAILED)),
    });
    const record = recordOf('a', { body: `[${eventOf('good')},${eventOf('good')}]` });
    await forward([record], DEADLINES, given);
    await forward([record], DEADLINES, given);
    expect(delivered).toHaveLength(4);
  });
});

test('an empty batch is an empty answer', async () => {
  const { response, report } = await run([]);
  expect(response).toEqual(failuresOf());
  expect(report).toMatchObject({ records: 0, outcomes: [], recordsDeferred: 0, oldestRetryAgeMs: 0 });
});
