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
  // Copying the records of a large batch would take as much time as mapping their events.
  if (isComplete(given)) return given;
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

const TEXTS = ['receiptHandle', 'body', 'md5OfBody', 'eventSource', 'eventSourceARN', 'awsRegion'] as const;
const REQUIRED_ATTRIBUTES = [
  'ApproximateReceiveCount',
  'SentTimestamp',
  'SenderId',
  'ApproximateFirstReceiveTimestamp',
] as const;

/** Whether a record has all that Lambda gives one, in the form that Lambda gives it. */
function isComplete(given: unknown): given is SQSRecord {
  if (!isObject(given) || typeof given['messageId'] !== 'string' || given['messageId'] === '') return false;
  for (const name of TEXTS) if (typeof given[name] !== 'string') return false;
  const { attributes, messageAttributes } = given;
  if (!isObject(attributes) || !isObject(messageAttributes)) return false;
  for (const name of REQUIRED_ATTRIBUTES) if (typeof attributes[name] !== 'string') return false;
  for (const name in attributes) if (typeof attributes[name] !== 'string') return false;
  for (const name in messageAttributes) if (!isCompleteAttribute(messageAttributes[name])) return false;
  return true;
}

function isCompleteAttribute(given: unknown): boolean {
  if (!isObject(given)) return false;
  const { stringValue, binaryValue, dataType, stringListValues, binaryListValues } = given;
  const value = stringValue === undefined ? binaryValue : binaryValue === undefined ? stringValue : undefined;
  return (
    typeof value === 'string' && typeof dataType === 'string' && isArray(stringListValues) && isArray(binaryListValues)
  );
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
