import type { BatchLimits } from '../batches.ts';

/**
 * SQS's limits: bytes of one message (body and attributes together), attributes of one message.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export const SQS_LIMITS = { bytes: 1024 * 1024, attributes: 10 } as const;

/** What one batch call may carry: ten entries, and as many bytes as one message. */
export const SQS_BATCH_LIMITS: BatchLimits = { items: 10, bytes: SQS_LIMITS.bytes };
