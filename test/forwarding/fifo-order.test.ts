import { keepFifoOrder } from '../../lib/forwarding/fifo-order.ts';
import type { Outcome } from '../../lib/outcome.ts';
import { DELIVERED, FAILED, FILTERED, processedOf, RATE_LIMITED, REFUSED, wordsOf } from './processed.ts';

type Row = readonly [
  groupId: string | undefined,
  outcomes: readonly Outcome[],
  expected: readonly string[],
  isTrack?: boolean,
];

test.each<[string, readonly Row[]]>([
  [
    'a deferred record holds back the later ones of its group, and no other record',
    [
      ['a', [DELIVERED], ['delivered']],
      ['a', [FAILED], ['heap_error']],
      ['b', [DELIVERED], ['delivered']],
      ['a', [DELIVERED], ['fifo_order']],
    ],
  ],
  [
    'one deferred event of a record is enough',
    [
      ['a', [DELIVERED, FAILED], ['delivered', 'heap_error']],
      ['a', [DELIVERED], ['fifo_order']],
    ],
  ],
  [
    'all events of a later record wait, rejected ones included',
    [
      ['a', [FAILED], ['heap_error']],
      ['a', [DELIVERED, REFUSED], ['fifo_order', 'fifo_order']],
    ],
  ],
  [
    'delivered track events of a later record are not sent again, since Heap orders them by their own time',
    [
      ['a', [FAILED], ['heap_error']],
      ['a', [DELIVERED, REFUSED, FILTERED], ['delivered', 'fifo_order', 'fifo_order'], true],
      ['a', [DELIVERED], ['delivered'], true],
      ['a', [DELIVERED], ['fifo_order']],
    ],
  ],
  [
    'a later record that is deferred itself keeps its own reason, on which its visibility timeout depends',
    [
      ['a', [FAILED], ['heap_error']],
      ['a', [DELIVERED, RATE_LIMITED], ['delivered', 'paced_identity']],
      ['a', [DELIVERED], ['fifo_order']],
    ],
  ],
  [
    'a rejected record holds nothing back',
    [
      ['a', [REFUSED], ['heap_refused']],
      ['a', [DELIVERED], ['delivered']],
    ],
  ],
  [
    'a standard queue keeps no order',
    [
      [undefined, [FAILED], ['heap_error']],
      [undefined, [DELIVERED], ['delivered']],
    ],
  ],
])('%s', (_, rows) => {
  const processed = rows.map(([groupId, outcomes, , isTrack = false], index) =>
    processedOf(`m-${index}`, outcomes, groupId === undefined ? { isTrack } : { groupId, isTrack }),
  );
  expect(keepFifoOrder(processed).map(wordsOf)).toEqual(rows.map(([, , expected]) => expected));
});

test('the message groups of a standard queue, which make it a fair queue, keep no order either', () => {
  const fair = [FAILED, DELIVERED].map((outcome, index) => {
    const { record, events } = processedOf(`m-${index}`, [outcome], { groupId: 'a' });
    return { record: { ...record, eventSourceARN: 'arn:aws:sqs:us-east-1:1:q' }, events };
  });
  expect(keepFifoOrder(fair).map(wordsOf)).toEqual([['heap_error'], ['delivered']]);
});
