import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { unwrap, unwrapMeasured, type Enveloped } from '../../lib/rudderstack/envelope.ts';
import { RECORD_LIMITS } from '../../lib/work-limits.ts';

const track = { type: 'track', event: 'A', userId: 'u', messageId: 'm-1' };
const identify = { type: 'identify', userId: 'u', messageId: 'm-2' };
const json = JSON.stringify;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const gzipped = (text: string): string => gzipSync(text).toString('base64');

function eventsOf(body: string): unknown[] {
  return unwrap(body).map((one) => (one.kind === 'event' ? one.event : one.rejection.reason));
}

const notification = { Type: 'Notification', MessageId: 'n', TopicArn: 'arn:aws:sns:us-east-1:1:t' };
const eventBridge = { version: '0', id: 'e', 'detail-type': 'rudderstack', source: 'rudderstack' };
const proxyRequest = { version: '2.0', requestContext: {}, isBase64Encoded: false };

describe('an envelope is taken off without being configured', () => {
  test.each<[string, string, unknown[]]>([
    ['one event', json(track), [track]],
    ['one event with blanks and a byte order mark around it', `\uFEFF \n${json(track)}\n`, [track]],
    ['an array', json([track, identify]), [track, identify]],
    ['a batch as the SDKs post it', json({ batch: [track, identify], sentAt: 'now' }), [track, identify]],
    ['EventBridge', json({ ...eventBridge, detail: track }), [track]],
    ['EventBridge with a batch', json({ ...eventBridge, detail: { batch: [track, identify] } }), [track, identify]],
    ['SNS', json({ ...notification, Message: json(track) }), [track]],
    ['SNS with a gzipped array', json({ ...notification, Message: gzipped(json([track])) }), [track]],
    ['a message wrapper', json({ message: track, metadata: {} }), [track]],
    ['an API Gateway request', json({ ...proxyRequest, body: json(track) }), [track]],
    [
      'an API Gateway request in base64',
      json({ ...proxyRequest, body: base64(json(track)), isBase64Encoded: true }),
      [track],
    ],
    [
      'an API Gateway request in gzip',
      json({ ...proxyRequest, body: gzipped(json({ batch: [track] })), isBase64Encoded: true }),
      [track],
    ],
    ['base64', base64(json(track)), [track]],
    ['gzip in base64', gzipped(json({ batch: [track, identify] })), [track, identify]],
    ['gzip in base64, broken into lines', gzipped(json(track)).replaceAll(/(.{20})/g, '$1\n'), [track]],
    ['an array of SNS envelopes', json([{ ...notification, Message: json(track) }, identify]), [track, identify]],
    ['an event with a batch property of its own', json({ ...track, batch: [1] }), [{ ...track, batch: [1] }]],
    ['a batch that says so', json({ type: 'batch', batch: [track] }), [track]],
    ['a batch with an empty type', json({ type: null, batch: [track] }), [track]],
    [
      'an event with a message property of its own',
      json({ ...track, message: { a: 1 } }),
      [{ ...track, message: { a: 1 } }],
    ],
  ])('%s', (_, body, expected) => {
    expect(eventsOf(body)).toEqual(expected);
  });
});

const sqsMessage = {
  messageId: 's',
  receiptHandle: 'h',
  md5OfBody: 'x',
  eventSource: 'aws:sqs',
  awsRegion: 'us-east-1',
};
const kinesisRecord = {
  kinesisSchemaVersion: '1.0',
  partitionKey: 'u',
  sequenceNumber: '1',
  eventSource: 'aws:kinesis',
};
const kafkaRecord = { topic: 't', partition: 0, offset: 1, timestamp: 1, timestampType: 'CREATE_TIME', key: 'a2V5' };
const firehoseRecord = { recordId: '1', approximateArrivalTimestamp: 1 };

describe('the envelopes of AWS and Kafka are taken off', () => {
  test.each<[string, unknown, unknown[]]>([
    ['EventBridge Pipes from SQS', { ...sqsMessage, body: json(track) }, [track]],
    ['the same with a batch', { ...sqsMessage, body: json({ batch: [track, identify] }) }, [track, identify]],
    ['the same with SNS in it', { ...sqsMessage, body: json({ ...notification, Message: json(track) }) }, [track]],
    ['the same with a body that a pipe has parsed', { ...sqsMessage, body: track }, [track]],
    ['the same, reduced to the body and the source', { eventSource: 'aws:sqs', body: json(track) }, [track]],
    [
      'a batch of a pipe',
      [
        { ...sqsMessage, body: json(track) },
        { ...sqsMessage, body: json(identify) },
      ],
      [track, identify],
    ],
    ['an event of Lambda', { Records: [{ ...sqsMessage, body: json(track) }] }, [track]],
    ['a message of SQS’s API', { MessageId: 's', ReceiptHandle: 'h', MD5OfBody: 'x', Body: json(track) }, [track]],
    ['EventBridge Pipes from Kinesis', { ...kinesisRecord, data: base64(json(track)) }, [track]],
    ['Kinesis with gzip', { ...kinesisRecord, data: gzipped(json(track)) }, [track]],
    ['Kinesis with data that is decoded', { ...kinesisRecord, data: json(track) }, [track]],
    ['Kinesis with data that is parsed', { ...kinesisRecord, data: track }, [track]],
    [
      'an event of Lambda from Kinesis',
      { Records: [{ eventSource: 'aws:kinesis', kinesis: { partitionKey: 'u', data: base64(json(track)) } }] },
      [track],
    ],
    ['Kinesis’s API', { SequenceNumber: '1', PartitionKey: 'u', Data: base64(json(track)) }, [track]],
    ['EventBridge Pipes from Kafka', { ...kafkaRecord, eventSource: 'aws:kafka', value: base64(json(track)) }, [track]],
    ['Kafka of one’s own', { ...kafkaRecord, eventSource: 'SelfManagedKafka', value: base64(json(track)) }, [track]],
    ['Kafka without an event source', { ...kafkaRecord, value: base64(json([track, identify])) }, [track, identify]],
    ['Kafka with a value that is decoded', { ...kafkaRecord, value: json(track) }, [track]],
    ['Kafka with a value that is parsed', { ...kafkaRecord, value: track }, [track]],
    [
      'an event of Lambda from Kafka',
      {
        eventSource: 'aws:kafka',
        records: {
          't-0': [{ ...kafkaRecord, value: base64(json(track)) }],
          't-1': [{ ...kafkaRecord, value: base64(json(identify)) }],
        },
      },
      [track, identify],
    ],
    ['Amazon MQ', { eventSource: 'aws:amq', messageID: 'm', data: base64(json(track)) }, [track]],
    [
      'Firehose',
      { invocationId: 'i', deliveryStreamArn: 'a', records: [{ ...firehoseRecord, data: base64(json(track)) }] },
      [track],
    ],
    ['Firehose by HTTP', { requestId: 'r', timestamp: 1, records: [{ data: base64(json(track)) }] }, [track]],
    [
      'an event of Lambda from SNS',
      { Records: [{ EventSource: 'aws:sns', Sns: { ...notification, Message: json(track) } }] },
      [track],
    ],
    ['an API Gateway request that is parsed', { ...proxyRequest, body: track }, [track]],
    [
      'a failed invocation that Lambda reports',
      { version: '1.0', requestContext: { condition: 'RetriesExhausted' }, requestPayload: track },
      [track],
    ],
    [
      'a partner’s event on EventBridge',
      { ...eventBridge, source: 'aws.partner/example.com/1', detail: track },
      [track],
    ],
  ])('%s', (_, body, expected) => {
    expect(eventsOf(json(body))).toEqual(expected);
    expect(eventsOf(json(json(body)))).toEqual(expected);
    expect(eventsOf(base64(json(body)))).toEqual(expected);
  });
});

describe('JSON that is encoded twice is read', () => {
  test.each<[string, string, unknown[]]>([
    ['an event', json(json(track)), [track]],
    ['an event, three times', json(json(json(track))), [track]],
    ['with blanks around it', ` ${json(` ${json(track)}\n`)} `, [track]],
    ['a batch', json(json({ batch: [track, identify] })), [track, identify]],
    ['the elements of an array', json([json(track), identify, json(json(track))]), [track, identify, track]],
    ['the batch itself', json({ batch: json([track, identify]) }), [track, identify]],
    ['the elements of a batch', json({ batch: [json(track), json(identify)] }), [track, identify]],
    ['EventBridge', json({ ...eventBridge, detail: json(track) }), [track]],
    ['SNS', json({ ...notification, Message: json(json(track)) }), [track]],
    ['a message wrapper', json({ message: json(track) }), [track]],
    ['Kafka', json({ ...kafkaRecord, value: base64(json(json(track))) }), [track]],
    ['base64 in a string', json(base64(json(track))), [track]],
    ['gzip in a string', json(gzipped(json(track))), [track]],
    ['a text that only begins like JSON', json('{track}'), ['no_event']],
    ['such texts among events', json([track, '{track}', '"x"', '[']), [track, 'no_event']],
    [
      'a text that is a message of its own',
      json({ ...track, message: json(identify) }),
      [{ ...track, message: json(identify) }],
    ],
  ])('%s', (_, body, expected) => {
    expect(eventsOf(body)).toEqual(expected);
  });

  test('the text of each event is what the text holds', () => {
    const body = json([json(track), ` ${json(json(identify))}`, '{track}', 7]);
    expect(unwrap(body).map((one) => one.text())).toEqual([json(track), json(identify), '["{track}",7]']);
    expect(unwrap(json(json(track))).map((one) => one.text())).toEqual([json(json(track))]);
  });

  test('more than eight times is too much', () => {
    let body = json(track);
    for (let times = 0; times < 9; times += 1) body = json(body);
    expect(eventsOf(body)).toEqual(['no_event']);
  });
});

/** What looks like an envelope to a program, and is an event because it says so. */
const LOOKS_LIKE = {
  batch: { batch: [identify] },
  EventBridge: { 'detail-type': 'express', detail: { street: 'x' } },
  'EventBridge of S3': { 'detail-type': 'Object Created', source: 'aws.s3', detail: {} },
  SNS: { ...notification, Message: json(identify) },
  'a confirmation of SNS': { Type: 'SubscriptionConfirmation', TopicArn: 'a', SubscribeURL: 'u' },
  'API Gateway': { body: json(identify), requestContext: {}, isBase64Encoded: false },
  SQS: { ...sqsMessage, body: json(identify) },
  'SQS’s API': { Body: json(identify), ReceiptHandle: 'h' },
  Kinesis: { ...kinesisRecord, data: base64(json(identify)) },
  Kafka: { ...kafkaRecord, value: base64(json(identify)) },
  Records: { Records: [{ eventSource: 'aws:s3', s3: {} }] },
  'a test of S3': { Event: 's3:TestEvent' },
  'a pointer to S3': { s3BucketName: 'b', s3Key: 'k' },
  message: { message: identify },
  'a failed invocation': { requestContext: {}, requestPayload: identify },
};

describe('an event is never unwrapped, whatever its fields look like', () => {
  test.each(Object.entries(LOOKS_LIKE))('%s', (_, fields) => {
    for (const type of ['track', ' Track', 'IDENTIFY', 'page', 'group', 'alias', 'record', 'extract']) {
      const event = { userId: 'u', ...fields, type };
      expect(eventsOf(json(event))).toEqual([event]);
      expect(eventsOf(json({ batch: [event, track] }))).toEqual([event, track]);
    }
  });

  test.each(Object.entries(LOOKS_LIKE))('nor if the HTTP endpoint has stamped it without a type: %s', (_, fields) => {
    for (const type of [{}, { type: 'purchase' }, { type: null }]) {
      const event = { ...fields, ...type, messageId: 'm', rudderId: 'r', receivedAt: '2026-11-23T10:00:00.000Z' };
      expect(eventsOf(json(event))).toEqual([event]);
      expect(eventsOf(json({ batch: [event, track] }))).toEqual([event, track]);
    }
  });

  test('any events come out of any envelopes, in order', () => {
    const wrappers: readonly ((body: string) => string)[] = [
      (body) => json({ ...notification, Message: body }),
      (body) => json({ ...sqsMessage, body }),
      (body) => json({ ...kinesisRecord, data: base64(body) }),
      (body) => json({ ...kafkaRecord, value: base64(body) }),
      (body) => `[${body}]`,
      (body) => `{"batch":[${body}]}`,
      (body) => json({ ...eventBridge, detail: JSON.parse(body) as unknown }),
      (body) => json(body),
    ];
    const outside = fc.constantFrom((body: string) => body, base64, gzipped);
    const field = fc.constantFrom(...Object.values(LOOKS_LIKE), {});
    const event = fc
      .tuple(field, fc.constantFrom('track', 'Identify', 'page'), fc.jsonValue())
      .map(([fields, type, properties]) => ({ ...fields, type, properties }));
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 3 }),
        fc.array(fc.constantFrom(...wrappers), { maxLength: 3 }),
        outside,
        (events, chain, encode) => {
          const body = chain.reduce((inner, wrap) => wrap(inner), json(events));
          expect(eventsOf(encode(body))).toEqual(JSON.parse(json(events)));
        },
      ),
    );
  });
});

describe('what is known to hold no event has a reason of its own', () => {
  const s3Record = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: 'b' } },
  };
  const testEvent = {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: 'now',
    Bucket: 'b',
    RequestId: 'r',
    HostId: 'h',
  };
  const pointer = (name: string): unknown => [name, { s3BucketName: 'b', s3Key: 'k' }];
  const payloadOffloading = pointer('software.amazon.payloadoffloading.PayloadS3Pointer');
  test.each<[string, unknown, string, string]>([
    [
      'the confirmation of a subscription',
      {
        Type: 'SubscriptionConfirmation',
        MessageId: 'm',
        Token: 't',
        TopicArn: 'arn:aws:sns:x',
        SubscribeURL: 'https://x',
      },
      'subscription_confirmation',
      'SubscriptionConfirmation of SNS',
    ],
    [
      'the confirmation of the end of one',
      { Type: 'UnsubscribeConfirmation', MessageId: 'm', Token: 't', TopicArn: 'arn:aws:sns:x' },
      'subscription_confirmation',
      'UnsubscribeConfirmation of SNS',
    ],
    ['the test of S3', testEvent, 's3_notification', 'a notification of S3'],
    ['a notification of S3', { Records: [s3Record] }, 's3_notification', 'a notification of S3'],
    ['one with several objects', { Records: [s3Record, s3Record] }, 's3_notification', 'a notification of S3'],
    [
      'one by SNS',
      { ...notification, Message: json({ Records: [s3Record] }) },
      's3_notification',
      'a notification of S3',
    ],
    ['the test by SNS', { ...notification, Message: json(testEvent) }, 's3_notification', 'a notification of S3'],
    ['a record of one', s3Record, 's3_notification', 'a notification of S3'],
    [
      'one by EventBridge',
      { ...eventBridge, source: 'aws.s3', detail: { bucket: {} } },
      's3_notification',
      'a notification of S3',
    ],
    ['a pointer of the extended client', payloadOffloading, 'payload_in_s3', 'a pointer of a client library'],
    [
      'of its first version',
      pointer('com.amazon.sqs.javamessaging.MessageS3Pointer'),
      'payload_in_s3',
      'a pointer of a client library',
    ],
    [
      'one by SNS',
      { ...notification, Message: json(payloadOffloading) },
      'payload_in_s3',
      'a pointer of a client library',
    ],
    ['the pointer alone', { s3BucketName: 'b', s3Key: 'k' }, 'payload_in_s3', 'a pointer of a client library'],
    [
      'that of another library',
      { S3Payload: { Id: 'i', Bucket: 'b', Key: 'k' } },
      'payload_in_s3',
      'a pointer of a client library',
    ],
    [
      'another event of AWS',
      { ...eventBridge, source: 'aws.ec2', detail: {} },
      'no_event',
      'an event of AWS itself, of the source aws.ec2',
    ],
    [
      'another record of AWS',
      { Records: [{ eventSource: 'aws:dynamodb', dynamodb: {} }] },
      'no_event',
      'a record of aws:dynamodb',
    ],
    ['a deleted value of Kafka', { ...kafkaRecord, eventSource: 'aws:kafka', value: null }, 'no_event', 'found null'],
    ['data that is not JSON', { ...kinesisRecord, data: base64('hello') }, 'not_json', 'the body is not valid JSON'],
  ])('%s', (_, value, reason, detail) => {
    for (const body of [json(value), json(json(value)), base64(json(value))]) {
      const found = unwrap(body);
      expect(found).toMatchObject([{ rejection: { reason, detail: expect.stringContaining(detail) } }]);
      expect(found.map((one) => one.text())).toEqual([body]);
    }
  });

  test('beside an event it is a rejection of its own, and its text has the same reason again', () => {
    const found = unwrap(json([track, payloadOffloading, { Records: [s3Record, s3Record] }]));
    const reasons = found.map((one) => (one.kind === 'event' ? one.event : one.rejection.reason));
    expect(reasons).toEqual([track, 'payload_in_s3', 's3_notification']);
    expect(found.slice(1).flatMap((one) => eventsOf(one.text()))).toEqual(reasons.slice(1));
  });

  test('an object that is nothing of this kind is an event without a type', () => {
    for (const value of [
      { a: 1 },
      { Records: [] },
      { Records: [{ a: 1 }] },
      { message: 'hello' },
      { batch: 'spring' },
      { Type: 'x' },
    ]) {
      expect(eventsOf(json(value))).toEqual([value]);
    }
  });
});

describe('a body without an event is rejected with its reason', () => {
  test.each([
    ['nothing', '', 'not_json', 'the body is empty'],
    ['blanks', ' \n ', 'not_json', 'the body is empty'],
    ['text', 'hello', 'not_json', 'the body is not valid JSON'],
    ['binary', '\u0001\u0002\uFFFD\u0000', 'not_json', 'the body is not valid JSON'],
    ['1 MiB of one character', 'a'.repeat(1024 * 1024), 'not_json', 'the body is not valid JSON'],
    ['truncated JSON', json(track).slice(0, -3), 'not_json', 'the body is not valid JSON'],
    ['a JSON string', '"track"', 'no_event', 'expected an event object, found a string'],
    ['a JSON number', '42', 'no_event', 'expected an event object, found a number'],
    ['JSON null', 'null', 'no_event', 'expected an event object, found null'],
    ['an empty array', '[]', 'no_event', 'the batch is empty'],
    ['an empty batch', '{"batch":[]}', 'no_event', 'the batch is empty'],
    [
      'damaged gzip',
      gzipSync(json(track)).subarray(0, 30).toString('base64'),
      'not_json',
      'the gzip body cannot be decompressed',
    ],
    ['a gzip bomb', gzipped(' '.repeat(20 * 1024 * 1024)), 'too_large', 'the body decompresses to more than'],
    [
      'an array in an array, 10,000 times',
      '['.repeat(10_000) + ']'.repeat(10_000),
      'no_event',
      'more than 8 nested envelopes',
    ],
    ['an event with a __proto__ key', '{"__proto__":{"type":"track"},"type":"track"}', 'forbidden_key', '__proto__'],
  ])('%s', (_, body, reason, detail) => {
    const [only, ...more] = unwrap(body);
    expect(more).toEqual([]);
    expect(only).toMatchObject({ kind: 'rejected', rejection: { reason, detail: expect.stringContaining(detail) } });
    expect(only?.text()).toBe(body);
  });

  test('one bad element leaves its neighbours alone', () => {
    expect(eventsOf(json({ batch: [track, 5, identify, null] }))).toEqual([track, identify, 'no_event']);
  });
});

describe('elements that are no events share one rejection, which comes last', () => {
  const one = json(track);
  test.each<[string, string, number, string, string]>([
    ['one of them keeps its text', `[ ${one}, 1.50 ]`, 2, '1.50', 'expected an event object, found a number'],
    [
      'several',
      `[1e1, ${one} ,"a,b",null]`,
      2,
      '[1e1,"a,b",null]',
      '3 of 4 events were rejected, the first: expected an',
    ],
    ['nothing else', ' [1, 2] ', 1, ' [1, 2] ', '2 of 2 events were rejected, the first: expected an event object'],
    ['in arrays and envelopes', `[[1,${one}],{"batch":[]},[true]]`, 2, '[1,[],true]', '3 of 4 events were rejected'],
    [
      'arrays that are nested too deeply',
      `[${one},${'['.repeat(9)}${']'.repeat(9)},7]`,
      2,
      '[[[]],7]',
      '2 of 3 events were rejected, the first: more than 8 nested envelopes',
    ],
    ['in gzip', gzipped(`[0,${one},0]`), 2, '[0,0]', '2 of 3 events were rejected'],
  ])('%s', (_, body, count, text, detail) => {
    const found = unwrap(body);
    expect(found).toHaveLength(count);
    const last = found.at(-1);
    expect(last).toMatchObject({ rejection: { reason: 'no_event', detail: expect.stringContaining(detail) } });
    expect(last?.text()).toBe(text);
  });

  test('with more than 1000 of them it has the text of the whole body', () => {
    const body = (count: number): string => `[${one},${Array.from({ length: count }, () => '0').join(',')}]`;
    expect(unwrap(body(1000)).at(-1)?.text()).toBe(body(1000).replace(`${one},`, ''));
    expect(unwrap(body(1001)).at(-1)?.text()).toBe(body(1001));
  });

  test('and their text is one rejection again, so that a redrive does not multiply them', () => {
    const text = unwrap(`[1,${one},"x",[],null]`).at(-1)?.text() ?? '';
    expect(text).toBe('[1,"x",null,[]]');
    expect(unwrap(text).map((again) => [again.kind, again.text()])).toEqual([['rejected', text]]);
  });
});

describe('a record has limits, and beyond one it is rejected as a whole', () => {
  const list = (count: number, element: string): string =>
    `[${Array.from({ length: count }, () => element).join(',')}]`;
  /** Long enough for its values to be counted. */
  const values = (count: number): string => `[${list(count - 3, '0')},"${'x'.repeat(100_000)}"]`;
  const accepted = (body: string): string =>
    unwrap(body)
      .map((one) => (one.kind === 'event' ? 'event' : one.rejection.reason))
      .join();

  test.each<[string, string, string]>([
    ['the values of a record, below', values(RECORD_LIMITS.values - 1), 'no_event'],
    ['the values of a record, at', values(RECORD_LIMITS.values), 'no_event'],
    ['the events of a record, at', list(RECORD_LIMITS.events, '[1]'), 'no_event'],
    ['the characters of a record, at', ' '.repeat(RECORD_LIMITS.characters), 'not_json'],
    ['the characters of a record in gzip, below', gzipped('x'.repeat(RECORD_LIMITS.characters - 100_000)), 'not_json'],
  ])('%s the limit', (_, body, expected) => {
    expect(accepted(body)).toBe(expected);
  });

  test.each<[string, string, string]>([
    ['values', values(RECORD_LIMITS.values + 1), 'more than 524288 JSON values'],
    ['values in gzip', gzipped(values(RECORD_LIMITS.values + 1)), 'more than 524288 JSON values'],
    [
      'values in several texts',
      list(2, json({ ...notification, Message: values(300_000) })),
      'more than 524288 JSON values',
    ],
    ['values that are empty objects', list(600_000, '{}'), 'more than 524288 JSON values'],
    ['values, whether they are valid JSON or not', '['.repeat(2_000_000), 'more than 524288 JSON values'],
    ['events', list(RECORD_LIMITS.events + 1, '{}'), 'more than 50000 events'],
    ['events and arrays among them', list(RECORD_LIMITS.events / 2 + 1, '[{}]'), 'more than 50000 events'],
    ['characters', ' '.repeat(RECORD_LIMITS.characters + 1), 'more than 16777216 characters'],
    [
      'characters in base64',
      base64(`"${'x'.repeat(10_000_000)}"`.replace('"', '{"a":"') + '}'),
      'more than 16777216 characters',
    ],
    ['characters in gzip', gzipped('x'.repeat(RECORD_LIMITS.characters)), 'decompresses to more than 16777216 bytes'],
    [
      'characters in an envelope',
      json({ ...proxyRequest, body: gzipped('x'.repeat(RECORD_LIMITS.characters)), isBase64Encoded: true }),
      'decompresses to more than 16777216 bytes',
    ],
  ])('%s', (_, body, detail) => {
    const [only, ...more] = unwrap(body);
    expect(more).toEqual([]);
    expect(only).toMatchObject({ rejection: { reason: 'too_large', detail: expect.stringContaining(detail) } });
    expect(only?.text() === body).toBe(true);
  });

  test('base64 of 15 MiB that is no event is rejected like any other text', () => {
    expect(accepted(gzipped('A'.repeat(15 * 1024 * 1024)))).toBe('not_json');
  });
});

describe('reading stops when it needs more room than there is', () => {
  const two = json([track, identify]);
  const zipped = gzipped(json([track, identify, 'x'.repeat(10_000)]));
  test.each<[string, string, { characters: number; events: number }, string]>([
    ['enough for both', two, { characters: two.length, events: 2 }, 'read'],
    ['too few characters', two, { characters: two.length - 1, events: 2 }, 'no_room'],
    ['too few events', two, { characters: two.length, events: 1 }, 'no_room'],
    ['none for a single event', json(track), { characters: 1000, events: 0 }, 'no_room'],
    ['not enough for what is in gzip', zipped, { characters: 5000, events: 10 }, 'no_room'],
    ['none at all', zipped, { characters: -5, events: -5 }, 'no_room'],
    ['enough for gzip', zipped, { characters: 20_000, events: 2 }, 'read'],
  ])('%s', (_, body, room, kind) => {
    expect(unwrapMeasured(body, room).kind).toBe(kind);
  });

  test('and what it has cost is told', () => {
    expect(unwrapMeasured(two).cost).toEqual({ characters: two.length, events: 2 });
    expect(unwrapMeasured(json(track)).cost).toEqual({ characters: json(track).length, events: 1 });
    const wrapped = json({ ...notification, Message: two });
    expect(unwrapMeasured(wrapped).cost).toEqual({ characters: wrapped.length + two.length, events: 2 });
  });
});

describe('the text of an event is what came', () => {
  test('of a body with one event, the whole body', () => {
    for (const body of [` ${json(track)}`, json({ batch: [track] }), gzipped(json(track))]) {
      expect(unwrap(body).map((one) => one.text())).toEqual([body]);
    }
  });

  test('of a body with several, the part of each, byte for byte', () => {
    const first = '{ "type":"track", "n": 1.00, "big": 12345678901234567890, "emoji":"\\ud83d\\ude00" }';
    const body = `{"sentAt":"x","batch" : [ ${first} ,7, {"type":"page"} ]}`;
    expect(unwrap(body).map((one) => one.text())).toEqual([first, '{"type":"page"}', '7']);
    expect(unwrap(gzipped(body)).map((one) => one.text())).toEqual([first, '{"type":"page"}', '7']);
  });

  test('unwrapping the text of an event again gives the event', () => {
    const events = fc.array(fc.dictionary(fc.stringMatching(/^[a-c]{1,3}$/), fc.jsonValue()), { minLength: 2 });
    fc.assert(
      fc.property(events, (batch) => {
        const again = (one: Enveloped): unknown => eventsOf(one.text())[0];
        expect(unwrap(json({ batch })).map(again)).toEqual(JSON.parse(json(batch)));
      }),
    );
  });
});

test('unwrapping never throws and never comes back empty, whatever the body', () => {
  const bodies = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.json(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
    fc.uint8Array().map((bytes) => gzipSync(bytes).toString('base64')),
    fc
      .tuple(fc.nat(300), fc.constantFrom(json({ batch: [track, identify] }), gzipped(json(track))))
      .map(([at, body]) => body.slice(0, at)),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      expect(unwrap(body).length).toBeGreaterThan(0);
    }),
    { numRuns: 2000 },
  );
});
