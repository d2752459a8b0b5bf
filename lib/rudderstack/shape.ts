import type { RejectReason } from '../outcome.ts';
import { isArray, isObject, type JsonObject } from '../json.ts';
import { isRudderStackType } from './event-types.ts';

/** What an object or a list in a body is. */
export type Shape =
  | { readonly kind: 'event' }
  /** An envelope. What it holds is the member at `path`: an object, a list, or text with JSON in it. */
  | { readonly kind: 'member'; readonly path: readonly string[]; readonly value: unknown }
  /** An envelope around the text of another body. */
  | { readonly kind: 'text'; readonly text: string }
  /** The same, encoded in base64. */
  | { readonly kind: 'base64'; readonly text: string }
  /** An envelope with several lists, one for each key of the member at `path`. */
  | { readonly kind: 'lists'; readonly path: readonly string[]; readonly lists: JsonObject }
  /** Something that is known, and that holds no event. */
  | { readonly kind: 'no_event'; readonly reason: RejectReason; readonly detail: string };

const EVENT: Shape = { kind: 'event' };

/**
 * Tells an event from an envelope by what it looks like, without configuration.
 *
 * An object with one of RudderStack's types is an event, and so is one that this project's HTTP endpoint, or RudderStack's
 * gateway, has stamped. Whatever else it holds are fields of the event: `batch`, `detail`, `body` and so on. What is neither
 * an event nor a known envelope counts as an event without a type.
 */
export function shapeOf(value: JsonObject): Shape {
  if (isRudderStackType(value['type']) || isStamped(value)) return EVENT;
  return (
    batchOf(value) ?? awsEnvelopeOf(value) ?? streamRecordOf(value) ?? strangerOf(value) ?? wrapperOf(value) ?? EVENT
  );
}

/** The pointer that the SQS extended client libraries send instead of a body that is too large for SQS. */
export function isS3Pointer(list: readonly unknown[]): boolean {
  const [name, pointer] = list;
  return list.length === 2 && typeof name === 'string' && name.endsWith('S3Pointer') && isObject(pointer);
}

/** What a body in S3 is rejected as. */
export const PAYLOAD_IN_S3 = {
  kind: 'no_event',
  reason: 'payload_in_s3',
  detail: 'a pointer of a client library for large SQS messages; bodies are not read from S3',
} as const satisfies Shape;

/** These three fields are in every event that the HTTP endpoint writes to the queue, and together in no envelope. */
function isStamped(value: JsonObject): boolean {
  return ['rudderId', 'messageId', 'receivedAt'].every((key) => typeof value[key] === 'string');
}

/** As posted by the SDKs. */
function batchOf(value: JsonObject): Shape | undefined {
  const { batch, type } = value;
  if (type !== undefined && type !== null && type !== 'batch') return undefined;
  return isArray(batch) || holdsJson(batch) ? { kind: 'member', path: ['batch'], value: batch } : undefined;
}

/** RudderStack's transformers exchange `{"message":{…},"metadata":{…}}`. */
function wrapperOf(value: JsonObject): Shape | undefined {
  const { message, type } = value;
  if (type !== undefined && type !== null) return undefined;
  return isObject(message) || holdsJson(message) ? { kind: 'member', path: ['message'], value: message } : undefined;
}

/** Whether a value is a text that may be JSON again. */
export function holdsJson(value: unknown): value is string {
  return typeof value === 'string' && /^\s*[{["]/.test(value);
}

/** The envelopes of EventBridge, SNS, SQS, API Gateway and Lambda. */
function awsEnvelopeOf(value: JsonObject): Shape | undefined {
  return eventBridgeOf(value) ?? snsOf(value) ?? bodyOf(value) ?? recordsOf(value);
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
function eventBridgeOf(value: JsonObject): Shape | undefined {
  const { 'detail-type': detailType, detail, source } = value;
  if (typeof detailType !== 'string' || detail === undefined) return undefined;
  // Only AWS's own services may use this prefix, and partners, who send what their users have sent.
  if (typeof source !== 'string' || !/^aws\.(?!partner\/)/.test(source)) {
    return { kind: 'member', path: ['detail'], value: detail };
  }
  if (source === 'aws.s3') return S3_NOTIFICATION;
  return {
    kind: 'no_event',
    reason: 'no_event',
    detail: `an event of AWS itself, of the source ${source.slice(0, 100)}`,
  };
}

const CONFIRMATIONS: ReadonlySet<unknown> = new Set(['SubscriptionConfirmation', 'UnsubscribeConfirmation']);

/** @see https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function snsOf(value: JsonObject): Shape | undefined {
  const { Type: type, Message: message, Sns: inRecord } = value;
  if (type === 'Notification' && typeof message === 'string') return { kind: 'text', text: message };
  if (isObject(inRecord)) return { kind: 'member', path: ['Sns'], value: inRecord };
  if (!CONFIRMATIONS.has(type) || typeof value['TopicArn'] !== 'string') return undefined;
  const detail = `${String(type)} of SNS: the owner of the topic or of the queue has to confirm with its SubscribeURL`;
  return { kind: 'no_event', reason: 'subscription_confirmation', detail };
}

const SIGNS_OF_A_BODY = ['isBase64Encoded', 'requestContext', 'receiptHandle', 'md5OfBody'] as const;

/**
 * A request of API Gateway, or an SQS message: as Lambda and EventBridge Pipes pass it on, or as SQS's API returns it.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
 */
function bodyOf(value: JsonObject): Shape | undefined {
  const { body, Body: ofApi, requestContext, requestPayload } = value;
  if (typeof ofApi === 'string' && ('ReceiptHandle' in value || 'MD5OfBody' in value))
    return { kind: 'text', text: ofApi };
  if (value['eventSource'] === 'aws:sqs' || SIGNS_OF_A_BODY.some((key) => key in value)) {
    if (typeof body === 'string') return { kind: value['isBase64Encoded'] === true ? 'base64' : 'text', text: body };
    if (isObject(body) || isArray(body)) return { kind: 'member', path: ['body'], value: body };
  }
  // What Lambda reports of an asynchronous invocation, for example of one by RudderStack's Lambda destination.
  const isReport = isObject(requestContext) && requestPayload !== undefined;
  return isReport ? { kind: 'member', path: ['requestPayload'], value: requestPayload } : undefined;
}

/** More topics than one record can come from. The text of each list is looked for in the whole body. */
const MOST_LISTS = 100;

/**
 * The records that Lambda is invoked with, or that Firehose passes on.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
 */
function recordsOf(value: JsonObject): Shape | undefined {
  const { Records: list, records } = value;
  if (isArray(list) && list.length > 0) {
    if (list.every((record) => sourceOf(record) === 'aws:s3')) return S3_NOTIFICATION;
    if (list.every((record) => sourceOf(record) !== undefined))
      return { kind: 'member', path: ['Records'], value: list };
  }
  if (isObject(records) && typeof value['eventSource'] === 'string') {
    const topics = Object.keys(records).length;
    if (topics > 0 && topics <= MOST_LISTS) return { kind: 'lists', path: ['records'], lists: records };
  }
  const isFirehose = isArray(records) && ('deliveryStreamArn' in value || 'requestId' in value);
  return isFirehose ? { kind: 'member', path: ['records'], value: records } : undefined;
}

function sourceOf(record: unknown): string | undefined {
  if (!isObject(record)) return undefined;
  const source = record['eventSource'] ?? record['EventSource'];
  return typeof source === 'string' ? source : undefined;
}

const SIGNS_OF_A_STREAM = ['kinesisSchemaVersion', 'sequenceNumber', 'partitionKey', 'recordId'] as const;

/**
 * A record of Kinesis, Firehose, Kafka or Amazon MQ: as Lambda and EventBridge Pipes pass it on, or as Kinesis's API returns
 * it. Its data is encoded in base64, if nothing on the way has decoded it.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-msk.html
 */
function streamRecordOf(value: JsonObject): Shape | undefined {
  const { kinesis, data, Data: ofApi } = value;
  if (isObject(kinesis) && 'data' in kinesis) return dataOf(kinesis['data'], ['kinesis', 'data']);
  if ('topic' in value && ('partition' in value || 'offset' in value) && 'value' in value) {
    return dataOf(value['value'], ['value']);
  }
  if (typeof ofApi === 'string' && 'PartitionKey' in value) return dataOf(ofApi, ['Data']);
  const isRecord =
    typeof value['eventSource'] === 'string' ||
    SIGNS_OF_A_STREAM.some((key) => key in value) ||
    Object.keys(value).length === 1;
  return 'data' in value && isRecord ? dataOf(data, ['data']) : undefined;
}

function dataOf(data: unknown, path: readonly string[]): Shape {
  return typeof data === 'string' ? { kind: 'base64', text: data } : { kind: 'member', path, value: data };
}

const S3_NOTIFICATION = {
  kind: 'no_event',
  reason: 's3_notification',
  detail: 'a notification of S3; objects are not read from S3',
} as const satisfies Shape;

/**
 * What is sent to a queue and is no envelope.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
function strangerOf(value: JsonObject): Shape | undefined {
  if (value['Event'] === 's3:TestEvent') return S3_NOTIFICATION;
  const source = sourceOf(value);
  if (source === 'aws:s3') return S3_NOTIFICATION;
  if (source?.startsWith('aws:') === true) {
    return { kind: 'no_event', reason: 'no_event', detail: `a record of ${source.slice(0, 100)} without an event` };
  }
  const isPointer = typeof value['s3BucketName'] === 'string' && typeof value['s3Key'] === 'string';
  return isPointer || isObject(value['S3Payload']) ? PAYLOAD_IN_S3 : undefined;
}
