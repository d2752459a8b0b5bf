import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { isArray, isObject, valueAt } from '../../lib/json.ts';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';

/** A message of the server. */
export interface FifoMessage {
  readonly id: string;
  readonly group: string;
  readonly body: string;
  readonly reason: string;
}

/** Messages that SQS returns at most in one call. */
const MOST = 10;

/**
 * A FIFO queue as AWS describes it, and as the embedded server does not behave, which delivers a single message of a group: a
 * receive returns up to ten messages, as many as possible of one group, in order, and a group is locked while one of its messages is
 * in flight.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
 */
export async function startFifoServer(given: readonly FifoMessage[]): Promise<LoopbackServer> {
  let messages = [...given];
  const inFlight = new Set<string>();

  function answer(action: string, call: unknown): object {
    const entries = valueAt(call, ['Entries']);
    const handles = isArray(entries) ? entries.map((entry) => String(valueAt(entry, ['ReceiptHandle']))) : [];
    switch (action) {
      case 'ReceiveMessage':
        return { Messages: receive().map(toMessage) };
      case 'DeleteMessageBatch':
        messages = messages.filter(({ id }) => !handles.includes(id));
        handles.forEach((id) => inFlight.delete(id));
        return { Successful: [] };
      case 'ChangeMessageVisibilityBatch':
        if (isArray(entries) && valueAt(entries[0], ['VisibilityTimeout']) === 0)
          handles.forEach((id) => inFlight.delete(id));
        return { Successful: [] };
      case 'GetQueueAttributes':
        return {
          Attributes: {
            ApproximateNumberOfMessages: String(messages.length - inFlight.size),
            ApproximateNumberOfMessagesNotVisible: String(inFlight.size),
          },
        };
      default:
        return { Successful: isArray(entries) ? entries.map(toSent) : [] };
    }
  }

  function receive(): readonly FifoMessage[] {
    const locked = new Set(messages.filter(({ id }) => inFlight.has(id)).map(({ group }) => group));
    const free = messages.filter(({ group }) => !locked.has(group));
    const inOrder = [...Map.groupBy(free, ({ group }) => group).values()].flat().slice(0, MOST);
    for (const { id } of inOrder) inFlight.add(id);
    return inOrder;
  }

  return await startLoopbackServer(0, async (request, response) => {
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
    const call: unknown = JSON.parse(await text(request));
    const body = JSON.stringify(answer(action, isObject(call) ? call : {}));
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
  });
}

function toSent(entry: unknown): object {
  return { Id: valueAt(entry, ['Id']), MD5OfMessageBody: md5(String(valueAt(entry, ['MessageBody']))) };
}

function md5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

function toMessage({ id, group, body, reason }: FifoMessage): object {
  return {
    MessageId: id,
    ReceiptHandle: id,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: { MessageGroupId: group, SentTimestamp: '1' },
    MessageAttributes: { reason: { DataType: 'String', StringValue: reason } },
  };
}
