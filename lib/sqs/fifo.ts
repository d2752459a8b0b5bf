/**
 * Whether a queue is a FIFO queue.
 *
 * @param queue the queue's URL, ARN or name
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/fifo-queue-message-identifiers.html
 */
export function isFifo(queue: string): boolean {
  return queue.endsWith('.fifo');
}
