import { isFifo } from '../../lib/sqs/fifo.ts';

test.each([
  ['https://sqs.us-east-1.amazonaws.com/1/events.fifo', true],
  ['arn:aws:sqs:us-east-1:1:events.fifo', true],
  ['events.fifo', true],
  ['https://sqs.us-east-1.amazonaws.com/1/events', false],
  ['arn:aws:sqs:us-east-1:1:fifo', false],
  ['events.fifo-copy', false],
])('%s is a FIFO queue: %s', (queue, expected) => {
  expect(isFifo(queue)).toBe(expected);
});
