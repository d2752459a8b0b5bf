import type { SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import { isArray, isObject } from '../json.ts';

/**
 * Returns the records of an event. A record that a person has written, for example for `sam local invoke`, needs nothing but a
 * body: everything else gets a value with which it can be processed. An empty receipt handle says that its visibility timeout
 * cannot be changed.
 *
 * @throws Error with one sentence for people, if the event has no records or a record has no body
 */
export function recordsOf(event: unknown): readonly SQSRecord[] {
  const records = isObject(event) ? event['Records'] : undefined;
  if (!isArray(records)) throw notOfSqs('The event has no array "Records"');
  return records.map(toRecord);
}

/** Returns how often a record has been received. 1 for a hand-written record without a count. */
export function receiveCountOf({ attributes }: SQSRecord): number {
  return timeOrCount(attributes.ApproximateReceiveCount) ?? 1;
}

/** Returns when a record was sent to the queue, in ms since 1970. `now` for a hand-written record without a time. */
export function sentAt({ attributes }: SQSRecord, now: number): number {
  return timeOrCount(attributes.SentTimestamp) ?? now;
}

/**
 * Returns when a record was received for the first time, in ms since 1970. For a hand-written record without this time it is the
 * time at which it was sent, or `now`.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
export function firstReceivedAt(record: SQSRecord, now: number): number {
  return timeOrCount(record.attributes.ApproximateFirstReceiveTimestamp) ?? sentAt(record, now);
}

function timeOrCount(text: string): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

function toRecord(given: unknown, index: number): SQSRecord {
  const { body, messageId, attributes, messageAttributes, ...others } = isObject(given) ? given : {};
  if (typeof body !== 'string') {
    throw notOfSqs(`Records[${index}] of the event has no "body"`);
  }
  const text = (name: string): string => textOf(others[name]) ?? '';
  return {
    // Lambda takes an empty id in the response for a failure of the whole batch.
    messageId: textOf(messageId) || `record-${index}`,
    receiptHandle: text('receiptHandle'),
    body,
    attributes: {
      ApproximateReceiveCount: '',
      SentTimestamp: '',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '',
      ...mapValues(attributes, textOf),
    },
    messageAttributes: mapValues(messageAttributes, toAttribute),
    md5OfBody: text('md5OfBody'),
    eventSource: text('eventSource'),
    eventSourceARN: text('eventSourceARN'),
    awsRegion: text('awsRegion'),
  };
}

function notOfSqs(what: string): Error {
  return new Error(`${what}: this function takes the events of an SQS queue`);
}

/** People write numbers without quotes. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

function toAttribute(given: unknown): SQSMessageAttribute | undefined {
  if (!isObject(given)) return undefined;
  const stringValue = textOf(given['stringValue']);
  const binaryValue = textOf(given['binaryValue']);
  if (stringValue === undefined && binaryValue === undefined) return undefined;
  const dataType = textOf(given['dataType']) || (binaryValue === undefined ? 'String' : 'Binary');
  const value = binaryValue === undefined ? { stringValue } : { binaryValue };
  return { dataType, ...value, stringListValues: [], binaryListValues: [] };
}

/** Converts the values of an object, and leaves out those that have no usable value. */
function mapValues<Value>(given: unknown, convert: (value: unknown) => Value | undefined): Record<string, Value> {
  const entries = Object.entries(isObject(given) ? given : {}).map(([name, value]) => [name, convert(value)] as const);
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
