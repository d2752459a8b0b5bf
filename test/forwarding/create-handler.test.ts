import { readSettings } from '../../lib/rudderstack/settings.ts';
import { createHandler, type HandlerDependencies } from '../../lib/forwarding/create-handler.ts';
import { transformingWith } from '../../lib/forwarding/transforming.ts';
import { settle } from '../../lib/forwarding/settle.ts';
import type { Answer } from '../../lib/heap/transport.ts';
import { OPTIONAL } from '../../lib/forwarding/optional.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { toRecord } from '../../local/lambda/event-source-mapping.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';

const context = { getRemainingTimeInMillis: () => 60_000 };
const record = toRecord(
  { MessageId: 'm', ReceiptHandle: 'handle of m', Body: '{"type":"track","event":"A","userId":"u"}' },
  'arn:aws:sqs:us-east-1:1:q',
);

function dependencies(problems: string[]): HandlerDependencies {
  return {
    settings: readSettings({ appId: '1' }),
    runtime: {
      queueUrl: 'https://q',
      deadLetterQueueUrl: 'https://d',
      retryHours: 48,
      maximumConcurrency: 1,
      heapBaseUrl: undefined,
    },
    clock: createVirtualTime().clock,
    random: () => 0,
    transport: async () => ({ kind: 'answered', status: 200, retryAfter: undefined, body: 'OK' }),
    loadQueues: () => Promise.reject(new Error('the AWS SDK was asked for')),
    loadSettle: () => Promise.resolve(settle),
    loadOptional: () => Promise.resolve(OPTIONAL),
    telemetry: {
      startInvocation: () => undefined,
      reportUnknownSettings: () => undefined,
      reportBatch: () => undefined,
      onAttempt: () => undefined,
      onMerged: () => undefined,
      onProblem: (code, error) => problems.push(`${code}: ${String(error)}`),
    },
  };
}

test('a delivered batch asks nothing of SQS', async () => {
  const problems: string[] = [];
  const handle = createHandler(dependencies(problems));
  expect(await handle({ Records: [record] }, context)).toEqual({ batchItemFailures: [] });
  expect(problems).toEqual([]);
});

test('keys of the settings that are not known are reported once, before the first invocation', async () => {
  const reported: (readonly string[])[] = [];
  const given = dependencies([]);
  const reportUnknownSettings = (keys: readonly string[]): unknown => reported.push(keys);
  const handle = createHandler({
    ...given,
    settings: readSettings({ appId: '1', eventDelivery: true }),
    telemetry: { ...given.telemetry, reportUnknownSettings },
  });
  expect(reported).toEqual([['eventDelivery']]);
  await handle({ Records: [record] }, context);
  expect(reported).toHaveLength(1);
});

test('a failure to report does not send a delivered batch back', async () => {
  const problems: string[] = [];
  const given = dependencies(problems);
  const reportBatch = (): never => {
    throw new Error('no metrics today');
  };
  const handle = createHandler({ ...given, telemetry: { ...given.telemetry, reportBatch } });
  expect(await handle({ Records: [record] }, context)).toEqual({ batchItemFailures: [] });
  expect(problems).toEqual(['internal_error: Error: no metrics today']);
});

test('a dead letter that cannot be sent defers its record, and the rest of the batch is delivered', async () => {
  const problems: string[] = [];
  const given = dependencies(problems);
  const broken = toRecord({ MessageId: 'broken', Body: 'no JSON' }, 'arn:aws:sqs:us-east-1:1:q');
  // A dead letter is due, but the AWS SDK cannot be loaded.
  const handle = createHandler(given);
  expect(await handle({ Records: [record, broken] }, context)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'broken' }],
  });
  expect(problems).toEqual(['internal_error: Error: the AWS SDK was asked for']);
});

test('a transport that throws defers the events that it was given', async () => {
  const problems: string[] = [];
  const transport = (): never => {
    throw new Error('not foreseen');
  };
  const handle = createHandler({ ...dependencies(problems), transport });
  expect(await handle({ Records: [record] }, context)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] });
  expect(problems[0]).toBe('internal_error: Error: not foreseen');
});

test('a record without a receive count, as a person writes it, is not given up at once', async () => {
  const given = dependencies([]);
  const changes: number[] = [];
  const queues = {
    sendDeadLetters: () => Promise.reject(new Error('no dead letter is due')),
    changeVisibility: async (asked: readonly { readonly visibilityTimeoutS: number }[]) => {
      changes.push(...asked.map(({ visibilityTimeoutS }) => visibilityTimeoutS));
      return 0;
    },
  };
  const handle = createHandler({
    ...given,
    loadQueues: () => Promise.resolve(queues),
    clock: { now: () => 0, sleep: async () => undefined },
    transport: async () => ({ kind: 'answered', status: 503, retryAfter: undefined, body: '' }),
  });
  const attributes = { ...record.attributes, ApproximateReceiveCount: '' };
  const answer = await handle({ Records: [{ ...record, attributes }] }, context);
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] });
  // The first wait is 30 s, half of it at random, and the random number here is 0.
  expect(changes).toEqual([15]);
});

describe('records that a person has written', () => {
  /** Heap delivers nothing, and a dead letter is due for a body without an event. */
  async function handle(event: unknown, status = 503) {
    const changes: unknown[] = [];
    const deadLetters: OutgoingMessage[] = [];
    const handler = createHandler({
      ...dependencies([]),
      loadQueues: () =>
        Promise.resolve({
          async sendDeadLetters(messages) {
            deadLetters.push(...messages);
            return messages.map(() => ({ kind: 'sent' }));
          },
          async changeVisibility(asked) {
            changes.push(...asked);
            return 0;
          },
        }),
      clock: { now: () => 1_795_000_000_000, sleep: async () => undefined },
      transport: async () => ({ kind: 'answered', status, retryAfter: undefined, body: '' }),
    });
    const answer = await handler(Object(event), context);
    return { answer, changes, deadLetters };
  }
  const { body } = record;

  test('need nothing but a body', async () => {
    expect(await handle({ Records: [{ body }] }, 200)).toEqual({
      answer: { batchItemFailures: [] },
      changes: [],
      deadLetters: [],
    });
  });

  test('have ids for the response, and no visibility timeout that could be changed', async () => {
    expect(await handle({ Records: [{ body }, { body, messageId: 7 }] })).toEqual({
      answer: { batchItemFailures: [{ itemIdentifier: 'record-0' }, { itemIdentifier: '7' }] },
      changes: [],
      deadLetters: [],
    });
  });

  test('become dead letters', async () => {
    const { answer, deadLetters } = await handle({ Records: [{ body: 'no JSON' }] });
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(deadLetters).toMatchObject([
      {
        body: 'no JSON',
        attributes: { reason: { StringValue: 'not_json' }, sourceMessageId: { StringValue: 'record-0' } },
      },
    ]);
  });

  test.each([
    [undefined, 'The event has no array "Records": this function takes the events of an SQS queue'],
    [{}, 'The event has no array "Records": this function takes the events of an SQS queue'],
    [{ Records: {} }, 'The event has no array "Records": this function takes the events of an SQS queue'],
    [
      { Records: [{ body: '{}' }, { messageId: 'm' }] },
      'Records[1] of the event has no "body": this function takes the events of an SQS queue',
    ],
  ])('%j fails with one sentence', async (event, sentence) => {
    await expect(handle(event)).rejects.toThrow(new Error(sentence));
  });
});

describe('the time that an invocation has is divided', () => {
  /** Heap never answers; tells how long each request was allowed to take, and the deadline that SQS was given. */
  async function run(leftMs: number) {
    const time = createVirtualTime(0);
    const timeouts: number[] = [];
    const deadlines: number[] = [];
    const queues = {
      sendDeadLetters: () => Promise.reject(new Error('no dead letter is due')),
      changeVisibility: async (_: unknown, deadline: number) => {
        deadlines.push(deadline);
        return 0;
      },
    };
    const handle = createHandler({
      ...dependencies([]),
      clock: time.clock,
      loadQueues: () => Promise.resolve(queues),
      async transport(_url, _body, timeoutMs): Promise<Answer> {
        timeouts.push(timeoutMs);
        await time.clock.sleep(timeoutMs);
        return { kind: 'timeout' };
      },
    });
    await time.run(() => handle({ Records: [record] }, { getRemainingTimeInMillis: () => leftMs }));
    return { timeouts, deadlines };
  }

  test.each([
    ['8 s are kept for SQS, and 1 s of them for returning', 40_000, [10_000, 20_000, 2000], 39_000],
    ['of a short time a quarter is kept for SQS, and a quarter of that for returning', 8000, [6000], 7500],
  ])('%s', async (_, leftMs, timeouts, deadline) => {
    expect(await run(leftMs)).toEqual({ timeouts, deadlines: [deadline] });
  });
});

test('what the handler remembers is its own: a second one starts from nothing', async () => {
  let requests = 0;
  const given: HandlerDependencies = {
    ...dependencies([]),
    clock: { now: () => 0, sleep: async () => undefined },
    async transport() {
      requests += 1;
      return { kind: 'answered', status: 503, retryAfter: undefined, body: '' };
    },
  };
  const first = createHandler(given);
  for (let invocation = 0; invocation < 4; invocation += 1) await first({ Records: [record] }, context);
  // Each invocation makes four attempts. The circuit is open after twelve that have failed.
  expect(requests).toBe(12);
  await createHandler(given)({ Records: [record] }, context);
  expect(requests).toBe(16);
});

describe('with a transformation', () => {
  const transformed = (loadTransforming: HandlerDependencies['loadTransforming']) => {
    const bodies: string[] = [];
    const handle = createHandler({
      ...dependencies([]),
      loadTransforming,
      async transport(_, body) {
        bodies.push(body.toString());
        return { kind: 'answered', status: 200, retryAfter: undefined, body: 'OK' };
      },
    });
    return { bodies, handle };
  };

  test('each event goes through it', async () => {
    const loading = async () => transformingWith((event) => [event, { ...Object(event), event: 'B' }]);
    const { bodies, handle } = transformed(loading);
    expect(await handle({ Records: [record] }, context)).toEqual({ batchItemFailures: [] });
    const [body = ''] = bodies;
    expect(JSON.parse(body)).toMatchObject({ events: [{ event: 'A' }, { event: 'B' }] });
  });

  test('that cannot be loaded, the invocation fails, and nothing is sent', async () => {
    const { bodies, handle } = transformed(() => Promise.reject(new Error('it cannot be loaded')));
    await expect(handle({ Records: [record] }, context)).rejects.toThrow('it cannot be loaded');
    expect(bodies).toEqual([]);
  });
});
