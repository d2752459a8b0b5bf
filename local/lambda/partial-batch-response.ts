import type { SQSRecord } from 'aws-lambda';
import { isArray, isObject } from '../../lib/json.ts';
import type { InvocationAnswer } from './lambda.ts';

/**
 * The message ids of the records that return to the queue, by Lambda's rules for `ReportBatchItemFailures`: those listed;
 * none when the list is empty, null or missing; all of them after an error, or when any part of the response is invalid.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function failedRecords(answer: InvocationAnswer, records: readonly SQSRecord[]): ReadonlySet<string> {
  const all = new Set(records.map(({ messageId }) => messageId));
  if (answer.kind === 'error') return all;
  const { response } = answer;
  if (response === undefined || response === null) return new Set();
  if (!isObject(response)) return all;
  const { batchItemFailures: failures } = response;
  if (failures === undefined || failures === null) return new Set();
  if (!isArray(failures)) return all;

  const failed = new Set<string>();
  for (const failure of failures) {
    const id = isObject(failure) ? failure['itemIdentifier'] : undefined;
    if (typeof id !== 'string' || !all.has(id)) return all;
    failed.add(id);
  }
  return failed;
}
