import { receiveCountOf, sentAt } from '../../lib/sqs/record.ts';
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
