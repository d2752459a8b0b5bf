import { persistent } from '../../../lib/ingest/events/persistent-queue.ts';
import type { OutgoingMessage } from '../../../lib/sqs/message.ts';
import type { SendOutcome } from '../../../lib/sqs/send-batch.ts';
import { createVirtualTime } from '../../../local/virtual/time.ts';

const messages: readonly OutgoingMessage[] = ['a', 'b'].map((body) => ({ body, bytes: 1 }));
const refusal: SendOutcome = { kind: 'failed', code: 'KmsThrottled', message: 'not now', isSenderFault: false };
const sent: SendOutcome = { kind: 'sent' };

/** Sends two messages to a queue that answers as told, within a minute. */
async function send(answers: readonly (readonly SendOutcome[] | Error)[]) {
  const time = createVirtualTime();
  const bodies: string[] = [];
  const reported: string[] = [];
  const left = [...answers];
  const queue = persistent(
    {
      isFifo: false,
      sendBatch(batch) {
        bodies.push(batch.map(({ body }) => body).join());
        const answer = left.shift() ?? batch.map(() => sent);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
    {
      clock: time.clock,
      random: () => 0.5,
      onFailure: (error) => reported.push(error instanceof Error ? error.name : ''),
    },
  );
  const outcomes = await time.run(() => queue.sendBatch(messages, time.clock.now() + 60_000));
  return { kinds: outcomes.map(({ kind }) => kind), bodies, reported };
}

test('what SQS has not accepted is sent again, and each failure is reported by its code', async () => {
  const answers = [[sent, refusal], new Error('no answer'), [refusal]];
  expect(await send(answers)).toEqual({
    kinds: ['sent', 'sent'],
    bodies: ['a,b', 'b', 'b', 'b'],
    reported: ['KmsThrottled', 'Error', 'KmsThrottled'],
  });
});

test('at the deadline the last outcome of each message is returned', async () => {
  const never = Array.from({ length: 1000 }, () => [refusal, refusal]);
  const { kinds, reported } = await send(never);
  expect(kinds).toEqual(['failed', 'failed']);
  expect(reported.length).toBeGreaterThan(4);
});
