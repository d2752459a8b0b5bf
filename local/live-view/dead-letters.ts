import { readDeadLetter, type DeadLetter } from '../../cli/dead-letters/read-dead-letter.ts';
import type { QueueServer } from '../queue-server.ts';

/** The newest dead letters, as the live view lists them. */
export interface DeadLettersShown {
  /** How many there are in all. */
  readonly count: number;
  readonly examples: readonly Pick<DeadLetter, 'id' | 'event' | 'reason' | 'detail'>[];
}

/** Reads the newest dead letters without receiving any. */
export async function newestDeadLetters(
  queueServer: Pick<QueueServer, 'inspect'>,
  deadLetterQueueUrl: string,
  limit: number,
): Promise<DeadLettersShown> {
  const messages = await queueServer.inspect(deadLetterQueueUrl);
  const newest = messages
    .map((message) => ({ message, sentAt: Number(message.Attributes?.SentTimestamp) }))
    .toSorted((a, b) => b.sentAt - a.sentAt)
    .slice(0, limit);
  const examples = newest.map(({ message }) => {
    const { id, event, reason, detail } = readDeadLetter(message);
    return { id, event, reason, detail };
  });
  return { count: messages.length, examples };
}
