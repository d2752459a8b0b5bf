import { countMessages } from '../../lib/sqs/count-messages.ts';
import type { Connection } from '../../cli/connection.ts';
import { total, type ReportedCounts } from '../accounting.ts';

/** The counters of the live view. */
export interface Totals {
  /** Events, since `npm run dev` was started, as the function has counted them. */
  readonly delivered: number;
  readonly filtered: number;
  /** Messages in the two queues now: visible, delayed and in flight. */
  readonly deadLetters: number;
  readonly waiting: number;
}

/** Reads the counters from the function's metrics and the attributes of the queues. */
export async function readTotals(
  { client, queueUrl, deadLetterQueueUrl }: Connection,
  reported: ReportedCounts,
): Promise<Totals> {
  const [waiting, deadLetters] = await Promise.all([
    countMessages(client, queueUrl),
    countMessages(client, deadLetterQueueUrl),
  ]);
  return { delivered: reported.delivered, filtered: total(reported.filtered), deadLetters, waiting };
}
