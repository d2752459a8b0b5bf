import { firstReceivedAt, receiveCountOf, recordsOf, sentAt } from '../../lib/sqs/record.ts';
import { toRecord } from '../../local/lambda/event-source-mapping.ts';

const record = toRecord({}, 'arn:aws:sqs:us-east-1:1:q');

test.each([
  ['3', 3],
  ['1', 1],
  ['', 1],
  ['many', 1],
])('the receive count "%s" counts as %i', (ApproximateReceiveCount, expected) => {
  const attributes = { ...record.attributes, ApproximateReceiveCount };
  expect(receiveCountOf({ ...record, attributes })).toBe(expected);
});

test.each([
  ['1795000000000', 1_795_000_000_000],
  ['', 42],
  ['yesterday', 42],
])('the time "%s" counts as %i; without one it is now', (SentTimestamp, expected) => {
  const attributes = { ...record.attributes, SentTimestamp };
  expect(sentAt({ ...record, attributes }, 42)).toBe(expected);
});

test.each([
  ['1795000000000', '1790000000000', 1_795_000_000_000],
  ['', '1790000000000', 1_790_000_000_000],
  ['0', '1790000000000', 1_790_000_000_000],
  ['', '', 42],
])(
  'first received at "%s" and sent at "%s" counts as first received at %i',
  (ApproximateFirstReceiveTimestamp, SentTimestamp, expected) => {
    const attributes = { ...record.attributes, ApproximateFirstReceiveTimestamp, SentTimestamp };
    expect(firstReceivedAt({ ...record, attributes }, 42)).toBe(expected);
  },
);

describe('the records of an event', () => {
  const attribute = { stringListValues: [], binaryListValues: [] };

  const complete = toRecord(
    {
      MessageId: 'm',
      ReceiptHandle: 'h',
      Body: '{}',
      MD5OfBody: '5',
      Attributes: {
        ApproximateReceiveCount: '3',
        SentTimestamp: '1',
        SenderId: 's',
        ApproximateFirstReceiveTimestamp: '2',
        MessageGroupId: 'g',
        AWSTraceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793',
      },
      MessageAttributes: {
        tenant: { DataType: 'String', StringValue: 't' },
        weight: { DataType: 'Number', StringValue: '7' },
        blob: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 255]) },
      },
    },
    'arn:aws:sqs:us-east-1:1:q.fifo',
  );

  test('that Lambda has made stay as they are', () => {
    expect(recordsOf({ Records: [complete] })[0]).toBe(complete);
  });

  test.each<[object, object]>([
    [{ messageId: '' }, { messageId: 'record-0' }],
    [{ messageId: 7 }, { messageId: '7' }],
    [{ awsRegion: undefined }, { awsRegion: '' }],
    [{ attributes: { ...complete.attributes, SentTimestamp: 5 } }, { attributes: { SentTimestamp: '5' } }],
    [{ attributes: { ...complete.attributes, SenderId: undefined } }, { attributes: { SenderId: '' } }],
    [{ attributes: { ...complete.attributes, MessageGroupId: 6 } }, { attributes: { MessageGroupId: '6' } }],
    [{ messageAttributes: null }, { messageAttributes: {} }],
    [
      { messageAttributes: { tenant: { ...attribute, dataType: 'String', stringValue: 7 } } },
      { messageAttributes: { tenant: { stringValue: '7' } } },
    ],
    [
      { messageAttributes: { tenant: { ...attribute, stringValue: 't' } } },
      { messageAttributes: { tenant: { dataType: 'String' } } },
    ],
  ])('that Lambda has made, changed to %j, are read as %j', (changed, read) => {
    expect(recordsOf({ Records: [{ ...complete, ...changed }] })[0]).toMatchObject(read);
  });

  test('that a person has written get what is missing', () => {
    expect(recordsOf({ Records: [{ body: 'a' }, { body: 'b', messageId: 'm' }] })).toEqual([
      {
        messageId: 'record-0',
        receiptHandle: '',
        body: 'a',
        attributes: {
          ApproximateReceiveCount: '',
          SentTimestamp: '',
          SenderId: '',
          ApproximateFirstReceiveTimestamp: '',
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: '',
        eventSourceARN: '',
        awsRegion: '',
      },
      expect.objectContaining({ messageId: 'm', body: 'b' }),
    ]);
  });

  test.each<[object, object]>([
    [{ attributes: { ApproximateReceiveCount: 4 } }, { attributes: { ApproximateReceiveCount: '4' } }],
    [{ attributes: { SentTimestamp: null } }, { attributes: { SentTimestamp: '' } }],
    [{ attributes: 'none' }, { attributes: { SentTimestamp: '' } }],
    [{ messageAttributes: [] }, { messageAttributes: {} }],
    [
      { messageAttributes: { a: { stringValue: 'x' }, b: { stringValue: 5, dataType: 'Number' } } },
      {
        messageAttributes: {
          a: { dataType: 'String', stringValue: 'x', ...attribute },
          b: { dataType: 'Number', stringValue: '5', ...attribute },
        },
      },
    ],
    [
      { messageAttributes: { a: { binaryValue: 'AQ==' } } },
      { messageAttributes: { a: { dataType: 'Binary', binaryValue: 'AQ==', ...attribute } } },
    ],
    [
      { eventSourceARN: null, receiptHandle: {} },
      { eventSourceARN: '', receiptHandle: '' },
    ],
  ])('%j is read as %j', (written, read) => {
    const [first] = recordsOf({ Records: [{ body: '{}', ...written }] });
    expect(first).toMatchObject(read);
  });

  test('have no attributes without a value', () => {
    const messageAttributes = { a: { stringValue: 'x' }, b: 'x', c: {}, d: null };
    const [first] = recordsOf({ Records: [{ body: '{}', messageAttributes }] });
    expect(Object.keys(first?.messageAttributes ?? {})).toEqual(['a']);
  });

  test.each([[null], [{}], [[]], [{ Records: 'x' }]])('%j has none, and one sentence says so', (event) => {
    expect(() => recordsOf(event)).toThrow(
      new Error('The event has no array "Records": this function takes the events of an SQS queue'),
    );
  });

  test.each([[null], ['{}'], [{ messageId: 'm' }], [{ body: { type: 'track' } }]])('%j has no body', (broken) => {
    expect(() => recordsOf({ Records: [{ body: '{}' }, broken] })).toThrow(
      new Error('Records[1] of the event has no "body": this function takes the events of an SQS queue'),
    );
  });
});
