import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, type SQSClient } from '@aws-sdk/client-sqs';
import { isFifo } from './fifo.ts';
import type { OutgoingMessage } from './message.ts';

/** The result for one message. Only `sent` means that it is in the queue. */
export type SendOutcome = { readonly kind: 'sent' } | SendFailure;

/** SQS did not accept the message, or its answer does not mention it. */
export interface SendFailure {
  readonly kind: 'failed';
  /** SQS's error code. */
  readonly code: string;
  readonly message: string;
  /** Whether SQS will refuse the message at every attempt. */
  readonly isSenderFault: boolean;
}

/**
 * Sends one batch, without retries.
 *
 * @param messages within `SQS_BATCH_LIMITS`
 * @returns the outcome of each message, in order
 * @throws the SDK's error if the whole call fails
 */
export async function sendBatch(
  client: SQSClient,
  queueUrl: string,
  messages: readonly OutgoingMessage[],
  abortSignal?: AbortSignal,
): Promise<readonly SendOutcome[]> {
  const Entries = messages.map((message, index) => toEntry(message, index, isFifo(queueUrl)));
  const { Successful = [], Failed = [] } = await client.send(
    new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }),
    abortSignal === undefined ? {} : { abortSignal },
  );
  const sent = new Set(Successful.map(({ Id }) => Id));
  const failed = new Map(Failed.map((failure) => [failure.Id, failure]));
  return messages.map((_, index): SendOutcome => {
    const id = String(index);
    if (sent.has(id)) return { kind: 'sent' };
    const { Code = 'NoAnswer', Message = 'no reason given', SenderFault = false } = failed.get(id) ?? {};
    return { kind: 'failed', code: Code, message: Message, isSenderFault: SenderFault };
  });
}

function toEntry(
  { body, attributes, groupId, traceHeader, deduplicationId }: OutgoingMessage,
  index: number,
  isForFifo: boolean,
): SendMessageBatchRequestEntry {
  return {
    Id: String(index),
    MessageBody: body,
    ...(attributes === undefined ? {} : { MessageAttributes: { ...attributes } }),
    ...(traceHeader === undefined
      ? {}
      : { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } } }),
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(isForFifo && deduplicationId !== undefined ? { MessageDeduplicationId: deduplicationId } : {}),
  };
}
