import fc from 'fast-check';
import { isArray, valueAt } from '../../lib/json.ts';
import { createLambdaDestinationHandler } from '../../lib/ingest/create-lambda-destination-handler.ts';
import type { EventQueue } from '../../lib/ingest/events/event-queue.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import type { SendOutcome } from '../../lib/sqs/send-batch.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';

const TIMEOUT_MS = 900_000;

type Answer = (
  messages: readonly OutgoingMessage[],
  call: { readonly afterMs: number; readonly leftMs: number; readonly sleep: (ms: number) => Promise<void> },
) => Promise<readonly SendOutcome[]> | readonly SendOutcome[];

const takeAll: Answer = (messages) => messages.map(() => ({ kind: 'sent' }));
const busy: Answer = (messages) =>
  messages.map(() => ({ kind: 'failed', code: 'InternalError', message: 'not now', isSenderFault: false }));
const unreachable: Answer = () => Promise.reject(new Error('SQS is not there'));

/** A handler before two queues that answer as told, and everything that it says and sends. */
function start(answer: Answer = takeAll) {
  const time = createVirtualTime();
  const { clock } = time;
  const startedAt = clock.now();
  const calls: { readonly afterMs: number; readonly leftMs: number }[] = [];
  const sent: unknown[] = [];
  const deadLetters: unknown[] = [];
  const told: string[] = [];
  const queueInto = (list: unknown[]): EventQueue => ({
    isFifo: false,
    async sendBatch(messages, deadline) {
      const call = { afterMs: clock.now() - startedAt, leftMs: deadline - clock.now() };
      calls.push(call);
      const outcomes = await answer(messages, { ...call, sleep: clock.sleep });
      for (const [index, { body, attributes }] of messages.entries()) {
        if (outcomes[index]?.kind !== 'sent') continue;
        const reason = attributes?.['reason']?.StringValue;
        list.push(reason === undefined ? JSON.parse(body) : [reason, body]);
      }
      return outcomes;
    },
  });
  const handle = createLambdaDestinationHandler({
    clock,
    random: () => 0.5,
    queue: queueInto(sent),
    deadLetterQueue: queueInto(deadLetters),
    telemetry: {
      reportTaken: (source, { events, messages }) => told.push(`taken: ${source} ${events} ${messages}`),
      reportProblem: (code) => told.push(`problem: ${code}`),
    },
  });
  const invoke = (payload: unknown): Promise<string> =>
    time.run(async () => {
      const context = { getRemainingTimeInMillis: () => startedAt + TIMEOUT_MS - clock.now() };
      try {
        await handle(payload, context);
        return 'returned';
      } catch (error) {
        return `threw ${String(error)}`;
      }
    });
  return { invoke, calls, sent, deadLetters, told, sinceStart: () => clock.now() - startedAt };
}

const event = {
  type: 'track',
  userId: 'u-1',
  event: 'A',
  messageId: 'm-1',
  rudderId: 'ed33ef22-569d-44b1-a6cb-063c69dca8f0',
  receivedAt: '2026-11-10T09:00:02.000Z',
  timestamp: '2026-11-10T09:00:01.000Z',
  originalTimestamp: '2026-11-10T09:00:00.000Z',
  sentAt: '2026-11-10T09:00:01.000Z',
  request_ip: '192.0.2.7',
};

test('one event is one message, with what RudderStack has stamped', async () => {
  const { invoke, sent, told } = start();
  expect(await invoke(event)).toBe('returned');
  const { rudderId: _, ...stamped } = event;
  expect(sent).toEqual([{ ...stamped, rudderId: expect.any(String) }]);
  expect(told).toEqual(['taken: lambda-destination 1 1']);
});

test('an event that nobody has stamped gets an id and times, and no address', async () => {
  const { invoke, sent } = start();
  await invoke({ type: 'track', userId: 'u', event: 'A' });
  expect(sent).toEqual([expect.objectContaining({ messageId: expect.any(String), timestamp: expect.any(String) })]);
  expect(sent[0]).not.toHaveProperty('request_ip');
});

test('an array is one message, in its order', async () => {
  const { invoke, sent, told } = start();
  const events = ['a', 'b', 'c'].map((messageId) => ({ ...event, messageId }));
  expect(await invoke(events)).toBe('returned');
  expect(sent).toMatchObject([{ batch: events.map(({ messageId }) => ({ messageId })) }]);
  expect(told).toEqual(['taken: lambda-destination 3 1']);
});

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

test.each<[string, unknown, readonly unknown[]]>([
  ['nothing', null, [['no_event', 'null']]],
  ['no payload at all', undefined, [['no_event', 'null']]],
  ['a number', 5, [['no_event', '5']]],
  ['a text', '{"type":"track"}', [['no_event', '"{\\"type\\":\\"track\\"}"']]],
  [
    'an array without any event',
    [1, [event]],
    [
      ['no_event', '1'],
      ['no_event', JSON.stringify([event])],
    ],
  ],
  ['an event of 250 levels', { ...event, properties: deep(249) }, [['too_deep', expect.stringContaining('[[[[')]]],
  [
    'a dangerous key',
    JSON.parse('{"type":"track","__proto__":{"x":1}}'),
    [['forbidden_key', '{"type":"track","__proto__":{"x":1}}']],
  ],
])('%s becomes dead letters with their reasons, and the invocation succeeds', async (_, payload, expected) => {
  const { invoke, sent, deadLetters } = start();
  expect(await invoke(payload)).toBe('returned');
  expect([sent, deadLetters]).toEqual([[], expected]);
});

test('an empty array is nothing to do', async () => {
  const { invoke, calls } = start();
  expect(await invoke([])).toBe('returned');
  expect(calls).toEqual([]);
});

test('one bad element does not stop its neighbours', async () => {
  const { invoke, sent, deadLetters } = start();
  expect(await invoke([event, 'bad', { ...event, messageId: 'm-2' }])).toBe('returned');
  expect(sent).toMatchObject([{ batch: [{ messageId: 'm-1' }, { messageId: 'm-2' }] }]);
  expect(deadLetters).toEqual([['no_event', '"bad"']]);
});

test('every element of any array is in one of the two queues, once and in its order', async () => {
  const element = fc.oneof(
    fc.jsonValue(),
    fc.record({ type: fc.constant('track'), userId: fc.string(), messageId: fc.string(), properties: fc.jsonValue() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(element, { maxLength: 20 }), async (payload) => {
      const { invoke, sent, deadLetters } = start();
      expect(await invoke(payload)).toBe('returned');
      const events = sent.flatMap((body) => {
        const batch = valueAt(body, ['batch']);
        return valueAt(body, ['rudderId']) === undefined && isArray(batch) ? batch : [body];
      });
      const bodies = deadLetters.map((deadLetter) => (isArray(deadLetter) ? deadLetter[1] : undefined));
      const isRejected = payload.map((value) => bodies.includes(JSON.stringify(value)));
      expect(bodies).toEqual(payload.filter((_, index) => isRejected[index]).map((value) => JSON.stringify(value)));
      expect(events.map((sentEvent) => valueAt(sentEvent, ['properties']))).toEqual(
        payload
          .filter((_, index) => isRejected[index] !== true)
          .map((value) => valueAt(JSON.parse(JSON.stringify(value)), ['properties'])),
      );
    }),
  );
});

test('what cannot be written again fails the invocation, so that Lambda reports it in full', async () => {
  const { invoke, calls } = start();
  expect(await invoke([deep(100_000)])).toMatch(/^threw RangeError/);
  expect(calls).toEqual([]);
});

describe('while SQS fails', () => {
  test.each([
    ['refuses everything', busy],
    ['cannot be reached', unreachable],
  ])('and %s, it is tried until the invocation ends, and then the invocation fails', async (_, answer) => {
    const { invoke, calls, sinceStart, told } = start(answer);
    expect(await invoke(event)).toMatch(/^threw Error: not everything could be sent/);
    // The last wait that does not end in time is not begun.
    expect(sinceStart()).toBeGreaterThan(TIMEOUT_MS - 15_000);
    expect(sinceStart()).toBeLessThanOrEqual(TIMEOUT_MS - 2000);
    expect(calls.length).toBeGreaterThan(50);
    expect(told.filter((line) => line.startsWith('taken'))).toEqual([]);
  });

  test('an outage of fourteen minutes is bridged, and noticed to be over within twenty seconds', async () => {
    const outageMs = 14 * 60_000;
    const { invoke, sent, sinceStart } = start((messages, call) =>
      call.afterMs < outageMs ? unreachable(messages, call) : takeAll(messages, call),
    );
    expect(await invoke([event, 'bad'])).toBe('returned');
    expect(sent).toHaveLength(1);
    expect(sinceStart()).toBeLessThanOrEqual(outageMs + 20_000);
  });

  test('a call without an answer is given up after ten seconds', async () => {
    const { invoke, calls } = start(async (messages, call) => {
      if (call.afterMs > 60_000) return takeAll(messages, call);
      await call.sleep(call.leftMs);
      throw new Error('aborted');
    });
    expect(await invoke(event)).toBe('returned');
    expect(calls.every(({ leftMs }) => leftMs <= 10_000)).toBe(true);
    expect(calls.length).toBeGreaterThan(4);
  });

  test('what SQS has taken of a batch is not sent again', async () => {
    let isFirst = true;
    const events = Array.from({ length: 1200 }, (_, index) => ({ ...event, messageId: `m-${index}` }));
    const { invoke, sent } = start((messages) => {
      const half = messages.map((_, index): SendOutcome => {
        return isFirst && index > 0
          ? { kind: 'failed', code: 'InternalError', message: 'not now', isSenderFault: false }
          : { kind: 'sent' };
      });
      isFirst = false;
      return half;
    });
    expect(await invoke(events)).toBe('returned');
    expect(sent).toHaveLength(3);
  });

  test('a message that SQS refuses for ever fails the invocation at once, and the others are sent once', async () => {
    const events = Array.from({ length: 1200 }, (_, index) => ({ ...event, messageId: `m-${index}` }));
    const { invoke, sent, sinceStart } = start((messages) =>
      messages.map(({ body }) =>
        body.includes('"m-700"')
          ? { kind: 'failed', code: 'InvalidMessageContents', message: 'no', isSenderFault: true }
          : { kind: 'sent' },
      ),
    );
    expect(await invoke(events)).toMatch(/^threw/);
    expect(sent).toHaveLength(2);
    expect(sinceStart()).toBe(0);
  });
});
