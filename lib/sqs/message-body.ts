import { SQS_LIMITS } from './limits.ts';

/** The characters that SQS refuses. */
const FORBIDDEN_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/**
 * Escapes the characters in JSON text that JSON allows and SQS refuses: U+FFFE, U+FFFF and lone surrogates. Valid surrogate
 * pairs are escaped too, which does not change their meaning.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function escapeJson(json: string): string {
  return json.replaceAll(/[\uD800-\uDFFF\uFFFE\uFFFF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** Replaces each character that SQS refuses with U+FFFD. */
export function replaceForbidden(text: string): string {
  return text.toWellFormed().replaceAll(FORBIDDEN_CHARACTERS, '\uFFFD');
}

/**
 * Returns a message body for any text. Text that is too large for SQS, or that contains characters that SQS refuses, is
 * compressed. The forwarding function reads both forms. The compressed body may still be too large; the caller has to check.
 */
export function toMessageBody(text: string): string {
  const isTaken = Buffer.byteLength(text) <= SQS_LIMITS.bytes && text.search(FORBIDDEN_CHARACTERS) === -1;
  return isTaken ? text : compress(text);
}

/** Compresses text with gzip and encodes it in base64. */
export function compress(text: string): string {
  // Loaded on demand, because few messages need it and it would slow down every cold start.
  return process.getBuiltinModule('node:zlib').gzipSync(text).toString('base64');
}
