import { messageBytes, type MessageAttributes } from '../../lib/sqs/message.ts';

test.each<[string, string, MessageAttributes | undefined, number]>([
  ['a body alone', 'body', undefined, 4],
  ['a body in bytes, not characters', 'bödy', undefined, 5],
  [
    'names, types and values of attributes',
    'body',
    { reason: { DataType: 'String', StringValue: 'why' } },
    4 + 6 + 6 + 3,
  ],
  ['values in bytes, not characters', '', { ä: { DataType: 'String', StringValue: 'ü' } }, 2 + 6 + 2],
  ['a binary value as it is', '', { a: { DataType: 'Binary', BinaryValue: new Uint8Array(10) } }, 1 + 6 + 10],
  ['an attribute without a value', '', { a: { DataType: 'String' } }, 1 + 6],
])('SQS counts %s', (_, body, attributes, expected) => {
  expect(messageBytes(body, attributes)).toBe(expected);
});
