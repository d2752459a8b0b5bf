import { toRecord } from '../../local/lambda/event-source-mapping.ts';
import { failedRecords } from '../../local/lambda/partial-batch-response.ts';

const records = ['a', 'b', 'c'].map((MessageId) => toRecord({ MessageId }, 'arn:aws:sqs:us-east-1:1:q'));
const all = ['a', 'b', 'c'];

/** The success and failure conditions in docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html. */
test.each<[string, unknown, string[]]>([
  ['an empty list', { batchItemFailures: [] }, []],
  ['null', null, []],
  ['nothing', undefined, []],
  ['an object without the list', {}, []],
  ['a list of null', { batchItemFailures: null }, []],
  ['some records', { batchItemFailures: [{ itemIdentifier: 'b' }] }, ['b']],
  ['an unknown id', { batchItemFailures: [{ itemIdentifier: 'b' }, { itemIdentifier: 'x' }] }, all],
  ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }, all],
  ['an id of null', { batchItemFailures: [{ itemIdentifier: null }] }, all],
  ['another key', { batchItemFailures: [{ messageId: 'a' }] }, all],
  ['not an object', 'ok', all],
])('%s', (_, response, failed) => {
  expect([...failedRecords({ kind: 'response', response }, records)]).toEqual(failed);
});

test('an error returns the whole batch', () => {
  expect([...failedRecords({ kind: 'error', message: 'x' }, records)]).toEqual(all);
});
