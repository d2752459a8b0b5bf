import type { SQSRecord } from 'aws-lambda';

/** How often a record has been received; 1 for a record that a person wrote by hand, without a count. */
export function receiveCountOf({ attributes }: SQSRecord): number {
  return Number(attributes.ApproximateReceiveCount) || 1;
}

/** When a record entered the queue, in ms since 1970; `now` for a record that a person wrote by hand, without a time. */
export function sentAt({ attributes }: SQSRecord, now: number): number {
  return Number(attributes.SentTimestamp) || now;
}
