import type { SQSRecord } from 'aws-lambda';

/** Returns how often a record has been received. 1 for a hand-written record without a count. */
export function receiveCountOf({ attributes }: SQSRecord): number {
  return Number(attributes.ApproximateReceiveCount) || 1;
}

/** Returns when a record was sent to the queue, in ms since 1970. `now` for a hand-written record without a time. */
export function sentAt({ attributes }: SQSRecord, now: number): number {
  return Number(attributes.SentTimestamp) || now;
}
