import fc from 'fast-check';
import type { OutgoingMessage } from '../../../lib/sqs/message.ts';
import { sendMessages } from '../../../lib/ingest/events/send.ts';
import type { SendFailure, SendOutcome } from '../../../lib/sqs/send-batch.ts';
import { createVirtualTime } from '../../../local/virtual/time.ts';
import type { EventQueue } from '../../../lib/ingest/events/event-queue.ts';

function messageOf(body: string, bytes = body.length): OutgoingMessage {
  return { body, bytes, groupId: 'g', deduplicationId: body };
}

const notTaken: SendFailure = { kind: 'failed', code: 'InternalError', message: 'not now', isSenderFault: false };

type Answer = 'all' | 'none' | 'invalid' | 'first' | 'odd' | 'throws';

/** Sends to a queue that answers as told, and then takes everything. */
async function sendTo(
  messages: readonly OutgoingMessage[],
  answers: readonly Answer[],
  { isFifo = false, leftMs = 10_000 } = {},
) {
  const time = createVirtualTime();
  const taken: string[] = [];
  let calls = 0;
  let atOnce = 0;
  let mostAtOnce = 0;
  const failures: string[] = [];
  const queue: EventQueue = {
    isFifo,
    async sendBatch(batch) {
      const answer = answers[calls] ?? 'all';
      calls += 1;
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      await time.clock.sleep(10);
      atOnce -= 1;
      if (answer === 'throws') throw new Error('no answer');
      const isTaken = batch.map(
        (_, index) => answer === 'all' || (answer === 'first' && index === 0) || (answer === 'odd' && index % 2 === 1),
      );
      taken.push(...batch.filter((_, index) => isTaken[index]).map(({ body }) => body));
      return isTaken.map((one): SendOutcome =>
        one ? { kind: 'sent' } : { ...notTaken, isSenderFault: answer === 'invalid' },
      );
    },
  };
  const startedAt = time.clock.now();
  const unsent = await time.run(() =>
    sendMessages(messages, startedAt + leftMs, {
      queue,
      clock: time.clock,
      random: () => 0.5,
      onFailure: (error) => failures.push(error instanceof Error ? error.name : ''),
    }),
  );
  return { unsent, taken, calls, mostAtOnce, failures, tookMs: time.clock.now() - startedAt };
}

const ten = Array.from({ length: 10 }, (_, index) => messageOf(`m-${index}`));

test('what SQS has left of a batch is sent again, and nothing else', async () => {
  const { unsent, taken, calls } = await sendTo(ten, ['odd', 'first']);
  expect(unsent).toBe(0);
  expect(calls).toBe(3);
  expect(taken.toSorted()).toEqual(ten.map(({ body }) => body));
});

test('a call that fails is made again, and reported', async () => {
  expect(await sendTo(ten, ['throws'])).toMatchObject({ unsent: 0, calls: 2, failures: ['Error'] });
});

test('the code with which SQS refuses messages is reported once for each call', async () => {
  expect(await sendTo(ten, ['odd', 'none'])).toMatchObject({ calls: 3, failures: ['InternalError', 'InternalError'] });
});

test('after four attempts it gives up, and says how much is left', async () => {
  expect(await sendTo(ten, ['first', 'none', 'throws', 'none'])).toMatchObject({ unsent: 9, calls: 4 });
});

test('it gives up before the deadline', async () => {
  const { unsent, calls, tookMs } = await sendTo(ten, ['none', 'none', 'none', 'none'], { leftMs: 100 });
  expect([unsent, calls]).toEqual([10, 2]);
  expect(tookMs).toBeLessThanOrEqual(100);
});

test('four batches are under way at once; on a FIFO queue one after the other', async () => {
  const many = Array.from({ length: 100 }, (_, index) => messageOf(`m-${index}`));
  expect(await sendTo(many, [])).toMatchObject({ calls: 10, mostAtOnce: 4 });
  expect(await sendTo(many, [], { isFifo: true })).toMatchObject({ calls: 10, mostAtOnce: 1 });
});

describe('once a batch has failed for good the request will come again as a whole, so', () => {
  const many = Array.from({ length: 100 }, (_, index) => messageOf(`m-${index}`));
  const failing: readonly Answer[] = ['none', 'none', 'none', 'none'];

  test('the batches behind it are not sent any more', async () => {
    expect(await sendTo(many, failing, { isFifo: true })).toMatchObject({ unsent: 100, calls: 4, taken: [] });
  });

  test('those beside it make no further attempt', async () => {
    // SQS refuses the first of four batches for good, and the others for now.
    const answers: readonly Answer[] = ['invalid', 'none', 'none', 'none'];
    expect(await sendTo(many, answers)).toMatchObject({ unsent: 100, calls: 4, taken: [] });
  });
});

test('whatever the queue answers, 0 unsent means that it has taken every message', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.constantFrom<Answer>('all', 'none', 'invalid', 'first', 'odd', 'throws'), { maxLength: 20 }),
      async (count, answers) => {
        const messages = Array.from({ length: count }, (_, index) => messageOf(`m-${index}`));
        const { unsent, taken } = await sendTo(messages, answers);
        expect(new Set(taken).size).toBe(taken.length);
        expect(unsent === 0).toBe(taken.length === count);
      },
    ),
  );
});
