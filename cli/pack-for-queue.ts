import { gzipSync } from 'node:zlib';
import { escapeForQueue, SQS_LIMITS } from '../lib/sqs.ts';

/** A body in a form that the queue takes. What is too large is packed, which the function reads as well. */
export function packForQueue(body: string): string {
  const escaped = escapeForQueue(body);
  return Buffer.byteLength(escaped) <= SQS_LIMITS.bytes ? escaped : gzipSync(body).toString('base64');
}
