import type { SendOutcome } from './send-batch.ts';

/** An error for what SQS has refused in a batch. Its name is SQS's code, because a log has names of errors and no messages. */
export function refusedBySqs(code: string): Error {
  return Object.assign(new Error(`SQS answered ${code}`), { name: code });
}

/** SQS's codes for the messages that it did not accept, each once. */
export function refusalCodes(outcomes: readonly SendOutcome[]): readonly string[] {
  return [...new Set(outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.code] : [])))];
}
