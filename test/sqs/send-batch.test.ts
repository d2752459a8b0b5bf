import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { receive } from '../../lib/sqs/receive.ts';
import { sendBatch } from '../../lib/sqs/send-batch.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';
import { createLocalClient } from '../../local/queues.ts';
import { createTestQueue, localClient } from './test-queue.ts';

const message = (body: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  body,
  bytes: body.length,
  ...more,
});

describe('into a queue', () => {
  test('messages go with their attributes, byte for byte', async () => {
    const queueUrl = await createTestQueue();
    const bytes = gzipSync('any');
    const attributes = {
      reason: { DataType: 'String', StringValue: 'heap_refused' },
      trace: { DataType: 'Binary', BinaryValue: bytes },
    };
    expect(await sendBatch(localClient(), queueUrl, [message(' {"a": "ü"}\n', { attributes })])).toEqual([
      { kind: 'sent' },
    ]);
    const [received] = await receive(localClient(), queueUrl);
    expect(received?.Body).toBe(' {"a": "ü"}\n');
    expect(received?.MessageAttributes).toMatchObject({
      reason: { DataType: 'String', StringValue: 'heap_refused' },
      trace: { DataType: 'Binary' },
    });
    expect(Buffer.from(received?.MessageAttributes?.['trace']?.BinaryValue ?? [])).toEqual(bytes);
  });

  test('a FIFO queue gets the group and the deduplication id, and drops a second copy', async () => {
    const queueUrl = await createTestQueue({ isFifo: true });
    const one = message('one', { groupId: 'g', deduplicationId: 'd' });
    expect(await sendBatch(localClient(), queueUrl, [one])).toEqual([{ kind: 'sent' }]);
    expect(await sendBatch(localClient(), queueUrl, [one])).toEqual([{ kind: 'sent' }]);
    const received = await receive(localClient(), queueUrl);
    expect(received.map(({ Body, Attributes }) => [Body, Attributes?.['MessageGroupId']])).toEqual([['one', 'g']]);
  });
});

describe('what SQS says of a batch', () => {
  let server: LoopbackServer;
  let answer: object = {};
  const calls: unknown[] = [];
  beforeAll(async () => {
    server = await startLoopbackServer(0, async (request, response) => {
      const chunks: Buffer[] = await Array.fromAsync(request);
      calls.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
    });
  });
  afterAll(() => server.stop());

  // The SDK compares the checksum with the body that it has sent.
  const sent = (Id: string) => ({
    Id,
    MessageId: 'm',
    MD5OfMessageBody: createHash('md5').update(`m-${Id}`).digest('hex'),
  });
  const send = async (count: number, queue = 'q') => {
    const messages = Array.from({ length: count }, (_, index) =>
      message(`m-${index}`, { groupId: 'g', deduplicationId: 'd' }),
    );
    return await sendBatch(createLocalClient(server.url), `${server.url}/1/${queue}`, messages);
  };

  test('is told for each message in its place, in whatever order SQS answers', async () => {
    answer = {
      Successful: [sent('2'), sent('0')],
      Failed: [{ Id: '1', Code: 'InternalError', Message: 'not now', SenderFault: false }],
    };
    expect(await send(3)).toEqual([
      { kind: 'sent' },
      { kind: 'failed', code: 'InternalError', message: 'not now', isSenderFault: false },
      { kind: 'sent' },
    ]);
  });

  test('a fault of the sender is told from one of SQS', async () => {
    answer = { Failed: [{ Id: '0', Code: 'InvalidMessageContents', SenderFault: true }] };
    expect(await send(1)).toEqual([
      { kind: 'failed', code: 'InvalidMessageContents', message: 'no reason given', isSenderFault: true },
    ]);
  });

  test('a message that SQS does not mention is not taken for sent', async () => {
    answer = { Successful: [sent('0')] };
    expect(await send(2)).toEqual([
      { kind: 'sent' },
      { kind: 'failed', code: 'NoAnswer', message: 'no reason given', isSenderFault: false },
    ]);
  });

  test('a standard queue gets no deduplication id, which it would refuse; the group makes it a fair queue', async () => {
    answer = { Successful: [sent('0')] };
    await send(1, 'q');
    await send(1, 'q.fifo');
    expect(calls.slice(-2)).toMatchObject([
      { Entries: [{ MessageGroupId: 'g' }] },
      { Entries: [{ MessageGroupId: 'g', MessageDeduplicationId: 'd' }] },
    ]);
    expect(JSON.stringify(calls.at(-2))).not.toContain('MessageDeduplicationId');
  });

  test('the X-Ray trace of the sender goes beside the attributes, as SQS asks for', async () => {
    answer = { Successful: [sent('0')] };
    const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
    await sendBatch(createLocalClient(server.url), `${server.url}/1/q`, [message('m-0', { traceHeader })]);
    await send(1);
    const trace = { DataType: 'String', StringValue: traceHeader };
    expect(calls.at(-2)).toMatchObject({ Entries: [{ MessageSystemAttributes: { AWSTraceHeader: trace } }] });
    expect(JSON.stringify(calls.at(-1))).not.toContain('MessageSystemAttributes');
  });

  test('a call that is aborted throws', async () => {
    const call = sendBatch(localClient(), `${server.url}/1/q`, [message('m')], AbortSignal.abort());
    await expect(call).rejects.toThrow(/abort/i);
  });
});
