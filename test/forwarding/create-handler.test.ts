import { readSettings } from '../../lib/rudderstack/settings.ts';
import { createHandler, type HandlerDependencies } from '../../lib/forwarding/create-handler.ts';
import { toRecord } from '../../local/lambda/event-source-mapping.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';

const context = { getRemainingTimeInMillis: () => 60_000 };
const record = toRecord(
  { MessageId: 'm', Body: '{"type":"track","event":"A","userId":"u"}' },
  'arn:aws:sqs:us-east-1:1:q',
);

function dependencies(problems: string[]): HandlerDependencies {
  return {
    settings: readSettings({ appId: '1' }),
    runtime: {
      queueUrl: 'https://q',
      deadLetterQueueUrl: 'https://d',
      maxReceiveCount: 50,
      maximumConcurrency: 1,
      heapBaseUrl: undefined,
    },
    clock: createVirtualTime().clock,
    random: () => 0,
    transport: async () => ({ kind: 'answered', status: 200, retryAfter: undefined, body: 'OK' }),
    loadQueues: () => Promise.reject(new Error('the AWS SDK was asked for')),
    telemetry: {
      startInvocation: () => undefined,
      reportBatch: () => undefined,
      onAttempt: () => undefined,
      onProblem: (code, error) => problems.push(`${code}: ${String(error)}`),
    },
  };
}

test('the good path asks for nothing of SQS', async () => {
  const problems: string[] = [];
  const handle = createHandler(dependencies(problems));
  expect(await handle({ Records: [record] }, context)).toEqual({ batchItemFailures: [] });
  expect(problems).toEqual([]);
});

test('figures that cannot be told do not send a delivered batch back', async () => {
  const problems: string[] = [];
  const given = dependencies(problems);
  const reportBatch = (): never => {
    throw new Error('no metrics today');
  };
  const handle = createHandler({ ...given, telemetry: { ...given.telemetry, reportBatch } });
  expect(await handle({ Records: [record] }, context)).toEqual({ batchItemFailures: [] });
  expect(problems).toEqual(['internal_error: Error: no metrics today']);
});

test('what nobody foresaw is deferred, and the rest of the batch is not touched', async () => {
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

test('a transport that throws defers what it was to send', async () => {
  const problems: string[] = [];
  const transport = (): never => {
    throw new Error('not foreseen');
  };
  const handle = createHandler({ ...dependencies(problems), transport });
  expect(await handle({ Records: [record] }, context)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] });
  expect(problems[0]).toBe('internal_error: Error: not foreseen');
});

test('a record that was made up without a receive count is not given up at once', async () => {
  const given = dependencies([]);
  const changes: number[] = [];
  const queues = {
    sendDeadLetters: () => Promise.reject(new Error('no letter is due')),
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
