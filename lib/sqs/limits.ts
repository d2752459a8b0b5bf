import type { BatchLimits } from '../batches.ts';

/**
 * SQS's limits for one message: the bytes of body and attributes together, and the number of attributes.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export const SQS_LIMITS = { bytes: 1024 * 1024, attributes: 10 } as const;

/** SQS's limits for one batch call: ten entries, and in total as many bytes as one message. */
export const SQS_BATCH_LIMITS: BatchLimits = { items: 10, bytes: SQS_LIMITS.bytes };
