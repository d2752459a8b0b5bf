import { randomBytes } from 'node:crypto';
import type { ProcessedRecord } from '../../lib/forwarding/processed-record.ts';
import type { Queues } from '../../lib/forwarding/queues.ts';
import { settle } from '../../lib/forwarding/settle.ts';
import type { Outcome } from '../../lib/outcome.ts';
import type { VisibilityChange } from '../../lib/sqs/change-visibility.ts';
import { SQS_LIMITS } from '../../lib/sqs/limits.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import type { SendOutcome } from '../../lib/sqs/send-batch.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';
import { DELIVERED, FAILED, FILTERED, processedOf, RATE_LIMITED, REFUSED, wordsOf } from './processed.ts';

const RETRY_MS = 48 * 60 * 60 * 1000;
/** When settling begins, in ms since 1970. */
const NOW = 1_795_000_000_000;
const DEADLINE = 123_456;
const SENT: SendOutcome = { kind: 'sent' };
const NOT_SENT: SendOutcome = { kind: 'failed', code: 'InternalError', message: 'not now', isSenderFault: false };

interface Stub {
  /** The outcome of the dead letter with this body; sent unless told, undefined when SQS says nothing. It may throw. */
  readonly answer?: (body: string) => SendOutcome | undefined;
  /** What SQS says of each call that changes visibility timeouts; it may throw. */
  readonly failedChanges?: () => number;
}

/** Settles with queues that answer as told, and tells what they were asked for. */
async function run(processed: readonly ProcessedRecord[], { answer = () => SENT, failedChanges = () => 0 }: Stub = {}) {
  const time = createVirtualTime(NOW);
  const sent: (readonly OutgoingMessage[])[] = [];
  const changed: (readonly VisibilityChange[])[] = [];
  const deadlines = new Set<number>();
  const problems: string[] = [];
  let loads = 0;
  let underWay = 0;
  let mostUnderWay = 0;

  async function call<Result>(deadline: number, work: () => Result): Promise<Result> {
    deadlines.add(deadline);
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    await time.clock.sleep(10);
    underWay -= 1;
    return work();
  }
  const queues: Queues = {
    sendDeadLetters: (messages, deadline) =>
      call(deadline, () => {
        sent.push(messages);
        return messages.map(({ body }) => answer(body)).filter((outcome) => outcome !== undefined);
      }),
    changeVisibility: (changes, deadline) =>
      call(deadline, () => {
        changed.push(changes);
        return failedChanges();
      }),
  };
  const settled = await time.run(() =>
    settle(processed, DEADLINE, {
      async loadQueues() {
        loads += 1;
        return queues;
      },
      clock: time.clock,
      random: () => 0,
      retryMs: RETRY_MS,
      listener: { onProblem: (code, error) => problems.push(`${code}: ${String(error)}`) },
    }),
  );
  return { settled, words: settled.map(wordsOf), sent, changed, deadlines, problems, loads, mostUnderWay };
}

const bodiesOf = (sent: readonly (readonly OutgoingMessage[])[]): string[] => sent.flat().map(({ body }) => body);
const records = (count: number, outcome: Outcome): ProcessedRecord[] =>
  Array.from({ length: count }, (_, index) => processedOf(`m-${index}`, [outcome]));

test('a batch without a rejection or a deferral needs no queue, so that the AWS SDK is not loaded', async () => {
  const processed = [processedOf('a', [DELIVERED, FILTERED]), processedOf('b', [FILTERED])];
  const { settled, loads } = await run(processed);
  expect(settled).toEqual(processed);
  expect(loads).toBe(0);
});

describe('dead letters', () => {
  test('are sent for the rejected events of a record, and the record is done', async () => {
    const { words, sent, changed, problems } = await run([processedOf('a', [DELIVERED, REFUSED, REFUSED])]);
    expect(words).toEqual([['delivered', 'heap_refused', 'heap_refused']]);
    expect(bodiesOf(sent)).toEqual(['text of a-1', 'text of a-2']);
    expect(changed).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('wait while another event of the record is deferred: they would be sent again at every receive', async () => {
    const { words, sent, changed } = await run([processedOf('a', [REFUSED, FAILED]), processedOf('b', [REFUSED])]);
    expect(words).toEqual([['heap_refused', 'heap_error'], ['heap_refused']]);
    expect(bodiesOf(sent)).toEqual(['text of b-0']);
    expect(changed.flat().map(({ receiptHandle }) => receiptHandle)).toEqual(['handle of a']);
  });

  test('are sent for failures when the retry time is over', async () => {
    const { words, sent } = await run([
      processedOf('a', [FAILED], { firstReceivedAt: NOW - RETRY_MS }),
      processedOf('b', [FAILED], { firstReceivedAt: NOW - RETRY_MS + 1 }),
    ]);
    expect(words).toEqual([['retries_exhausted'], ['heap_error']]);
    expect(sent.flat().map(({ attributes }) => attributes?.['detail']?.StringValue)).toEqual([
      'heap_error: Heap answered 503',
    ]);
  });

  test('that the queue refuses defer their own record, with the cause, and no other', async () => {
    const { settled, words, problems, changed } = await run(
      [processedOf('a', [DELIVERED, REFUSED]), processedOf('b', [REFUSED])],
      { answer: (body) => (body === 'text of a-1' ? NOT_SENT : SENT) },
    );
    expect(words).toEqual([['delivered', 'dead_letter_failed'], ['heap_refused']]);
    expect(settled[0]?.events[1]?.outcome).toMatchObject({
      detail: 'the dead letter could not be sent (heap_refused)',
      heapStatus: 400,
    });
    expect(changed.flat()).toEqual([{ receiptHandle: 'handle of a', visibilityTimeoutS: 15 }]);
    expect(problems).toEqual(['dead_letter_send_failed: InternalError: SQS answered InternalError']);
  });

  test('of a record are safe together or not at all', async () => {
    const { words } = await run([processedOf('a', [REFUSED, REFUSED])], {
      answer: (body) => (body === 'text of a-1' ? NOT_SENT : SENT),
    });
    expect(words).toEqual([['dead_letter_failed', 'dead_letter_failed']]);
  });

  test('that SQS says nothing of are not taken for sent', async () => {
    const { words } = await run(records(2, REFUSED), {
      answer: (body) => (body === 'text of m-1-0' ? undefined : SENT),
    });
    expect(words).toEqual([['heap_refused'], ['dead_letter_failed']]);
  });

  test('of a call that fails as a whole defer their records', async () => {
    const { words, problems } = await run(records(2, REFUSED), {
      answer: () => {
        throw new Error('SQS is not there');
      },
    });
    expect(words).toEqual([['dead_letter_failed'], ['dead_letter_failed']]);
    expect(problems).toEqual(['dead_letter_send_failed: Error: SQS is not there']);
  });

  test('that do not fit into a message defer their record, for the redrive policy of SQS', async () => {
    // SQS delivers no such body, but a person may write it.
    const body = randomBytes(SQS_LIMITS.bytes).toString('base64');
    const { record, events } = processedOf('a', [REFUSED], { body });
    const text = (): string => body;
    const { words, sent } = await run([{ record, events: events.map((event) => ({ ...event, text })) }]);
    expect(words).toEqual([['dead_letter_too_large']]);
    expect(sent).toEqual([]);
  });

  test('go ten at a time, and eight calls at once', async () => {
    const { sent, mostUnderWay } = await run(records(101, REFUSED));
    expect(sent.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([1, ...Array(10).fill(10)]);
    expect(mostUnderWay).toBe(8);
  });

  test('of one call hold no more bytes than SQS takes', async () => {
    const large = records(3, REFUSED).map(({ record, events }) => ({
      record,
      events: events.map((event) => ({ ...event, text: () => 'x'.repeat(SQS_LIMITS.bytes / 2 - 1000) })),
    }));
    const { sent } = await run(large);
    expect(sent.map(({ length }) => length)).toEqual([2, 1]);
  });
});

describe('on a FIFO queue', () => {
  test('a record whose dead letter was not taken holds back the later ones of its group', async () => {
    const { words, changed } = await run(
      [
        processedOf('a', [REFUSED], { groupId: 'one' }),
        processedOf('b', [DELIVERED], { groupId: 'one' }),
        processedOf('c', [DELIVERED], { groupId: 'two' }),
      ],
      { answer: () => NOT_SENT },
    );
    expect(words).toEqual([['dead_letter_failed'], ['fifo_order'], ['delivered']]);
    expect(changed.flat().map(({ receiptHandle }) => receiptHandle)).toEqual(['handle of a', 'handle of b']);
  });

  test('a record behind a deferred one of its group gets no dead letter yet', async () => {
    const { words, sent } = await run([
      processedOf('a', [FAILED], { groupId: 'one' }),
      processedOf('b', [REFUSED], { groupId: 'one' }),
    ]);
    expect(words).toEqual([['heap_error'], ['fifo_order']]);
    expect(sent).toEqual([]);
  });

  test('a record that is given up holds nothing back', async () => {
    const { words } = await run([
      processedOf('a', [FAILED], { groupId: 'one', firstReceivedAt: NOW - RETRY_MS }),
      processedOf('b', [DELIVERED], { groupId: 'one' }),
    ]);
    expect(words).toEqual([['retries_exhausted'], ['delivered']]);
  });
});

describe('visibility timeouts', () => {
  test('are set for every deferred record, by its reason, its receives and its age', async () => {
    const { changed } = await run([
      processedOf('a', [FAILED], { receiveCount: 3 }),
      processedOf('b', [DELIVERED]),
      processedOf('c', [RATE_LIMITED], { receiveCount: 3 }),
      processedOf('d', [FAILED], { receiveCount: 100, firstReceivedAt: NOW - 24 * 60 * 60 * 1000 }),
      processedOf('e', [FAILED], { receiveCount: 100, firstReceivedAt: NOW - RETRY_MS + 60_000 }),
    ]);
    expect(changed).toEqual([
      [
        { receiptHandle: 'handle of a', visibilityTimeoutS: 60 },
        { receiptHandle: 'handle of c', visibilityTimeoutS: 5 },
        { receiptHandle: 'handle of d', visibilityTimeoutS: 900 },
        { receiptHandle: 'handle of e', visibilityTimeoutS: 61 },
      ],
    ]);
  });

  test('go ten at a time, and eight calls at once', async () => {
    const { changed, mostUnderWay } = await run(records(95, FAILED));
    expect(changed.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([5, ...Array(9).fill(10)]);
    expect(mostUnderWay).toBe(8);
  });

  test('that SQS refuses to set change no outcome: the record comes back by the timeout of the queue', async () => {
    const { words, problems } = await run([processedOf('a', [FAILED])], { failedChanges: () => 1 });
    expect(words).toEqual([['heap_error']]);
    expect(problems).toEqual(['visibility_change_failed: Error: SQS refused 1 of 1']);
  });

  test('nor does a call that fails as a whole', async () => {
    const { words, problems } = await run([processedOf('a', [FAILED])], {
      failedChanges: () => {
        throw new Error('SQS is not there');
      },
    });
    expect(words).toEqual([['heap_error']]);
    expect(problems).toEqual(['visibility_change_failed: Error: SQS is not there']);
  });
});

test('every call to SQS has the deadline that was given', async () => {
  const { sent, changed, deadlines } = await run([processedOf('a', [REFUSED]), processedOf('b', [FAILED])]);
  expect([sent.length, changed.length]).toEqual([1, 1]);
  expect([...deadlines]).toEqual([DEADLINE]);
});
