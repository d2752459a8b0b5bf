import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import type { SendOutcome } from '../../lib/sqs/send-batch.ts';
import { sendWithRetry, type SendRetryOptions } from '../../lib/sqs/send-with-retry.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';

const SENT: SendOutcome = { kind: 'sent' };
const BUSY: SendOutcome = { kind: 'failed', code: 'InternalError', message: 'not now', isSenderFault: false };
const INVALID: SendOutcome = { kind: 'failed', code: 'InvalidMessageContents', message: 'no', isSenderFault: true };

/** Sends m-0, m-1, … to a queue that answers each attempt as told, and then takes everything. */
async function run(
  count: number,
  answers: readonly (readonly SendOutcome[])[],
  options: Partial<SendRetryOptions> = {},
) {
  const time = createVirtualTime(0);
  const attempts: { readonly at: number; readonly bodies: string }[] = [];
  const messages = Array.from({ length: count }, (_, index): OutgoingMessage => ({ body: `m-${index}`, bytes: 3 }));
  const send = async (batch: readonly OutgoingMessage[]): Promise<readonly SendOutcome[]> => {
    attempts.push({ at: time.clock.now(), bodies: batch.map(({ body }) => body).join() });
    return answers[attempts.length - 1] ?? batch.map(() => SENT);
  };
  const unsent = await time.run(() =>
    sendWithRetry(messages, send, { clock: time.clock, random: () => 1, ...options }),
  );
  return {
    attempts,
    unsent: unsent.map(({ message, failure }) => [message.body, failure.code]),
  };
}

test('a batch that is taken is sent once', async () => {
  expect(await run(2, [])).toEqual({ attempts: [{ at: 0, bodies: 'm-0,m-1' }], unsent: [] });
});

test('what SQS has left is sent again, and nothing else, after waits that double', async () => {
  const { attempts, unsent } = await run(3, [[BUSY, SENT, BUSY], [BUSY, SENT], [BUSY]]);
  expect(attempts).toEqual([
    { at: 0, bodies: 'm-0,m-1,m-2' },
    { at: 100, bodies: 'm-0,m-2' },
    { at: 300, bodies: 'm-0' },
    { at: 700, bodies: 'm-0' },
  ]);
  expect(unsent).toEqual([]);
});

test('a wait is random, from nothing to its ceiling', async () => {
  const half = await run(1, [[BUSY], [BUSY], [BUSY]], { random: () => 0.5 });
  expect(half.attempts.map(({ at }) => at)).toEqual([0, 50, 150, 350]);
  const none = await run(1, [[BUSY], [BUSY], [BUSY]], { random: () => 0 });
  expect(none.attempts.map(({ at }) => at)).toEqual([0, 0, 0, 0]);
});

test('after four attempts what is left is told, with its last failure', async () => {
  const { attempts, unsent } = await run(2, [[BUSY, BUSY], [BUSY, SENT], [BUSY], [BUSY], [SENT]]);
  expect(attempts).toHaveLength(4);
  expect(unsent).toEqual([['m-0', 'InternalError']]);
});

test('a message that SQS refuses for a fault of its sender is not sent again, and is told with the rest', async () => {
  const { attempts, unsent } = await run(3, [[SENT, INVALID, BUSY], [BUSY], [BUSY], [BUSY]]);
  expect(attempts.map(({ bodies }) => bodies)).toEqual(['m-0,m-1,m-2', 'm-2', 'm-2', 'm-2']);
  expect(unsent).toEqual([
    ['m-1', 'InvalidMessageContents'],
    ['m-2', 'InternalError'],
  ]);
});

test('a message without an outcome is not taken for sent', async () => {
  const { attempts, unsent } = await run(2, [[SENT]]);
  expect(attempts.map(({ bodies }) => bodies)).toEqual(['m-0,m-1', 'm-1']);
  expect(unsent).toEqual([]);
});

test.each([
  [100, 1],
  [101, 2],
  [300, 2],
  [301, 3],
])('no attempt begins at or after the deadline: with %i ms there are %i', async (deadline, expected) => {
  const { attempts, unsent } = await run(1, [[BUSY], [BUSY], [BUSY], [BUSY]], { deadline });
  expect(attempts).toHaveLength(expected);
  expect(unsent).toEqual([['m-0', 'InternalError']]);
});

describe('once another attempt makes no sense', () => {
  test('nothing is sent, and every message is told', async () => {
    const { attempts, unsent } = await run(2, [], { isPointless: () => true });
    expect(attempts).toEqual([]);
    expect(unsent).toEqual([
      ['m-0', 'NotTried'],
      ['m-1', 'NotTried'],
    ]);
  });

  test('what was left by then is told with its failure', async () => {
    let asked = 0;
    const { attempts, unsent } = await run(2, [[SENT, BUSY]], { isPointless: () => (asked += 1) > 1 });
    expect(attempts).toHaveLength(1);
    expect(unsent).toEqual([['m-1', 'InternalError']]);
  });
});

test('what an attempt throws is thrown on', async () => {
  const time = createVirtualTime();
  const sending = sendWithRetry([{ body: 'm', bytes: 1 }], () => Promise.reject(new Error('SQS is not there')), {
    clock: time.clock,
    random: () => 0,
  });
  await expect(sending).rejects.toThrow('SQS is not there');
});

test('with more attempts it goes on, and a wait has its ceiling', async () => {
  const options = { attempts: Number.POSITIVE_INFINITY, longestWaitMs: 150, deadline: 1000 };
  const { attempts, unsent } = await run(
    1,
    Array.from({ length: 20 }, () => [BUSY]),
    options,
  );
  expect(attempts.map(({ at }) => at)).toEqual([0, 100, 250, 400, 550, 700, 850]);
  expect(unsent).toEqual([['m-0', 'InternalError']]);
});
