import { SQS_LIMITS } from './limits.ts';

/** What SQS refuses within a message. */
const FORBIDDEN_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/**
 * Escapes JSON so that it holds no character that SQS refuses: U+FFFE, U+FFFF and lone surrogates, which JSON allows. What
 * lies beyond the basic plane is escaped as well; that means the same, and passes through programs that know only half of
 * Unicode.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function escapeJson(json: string): string {
  return json.replaceAll(/[\uD800-\uDFFF\uFFFE\uFFFF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** Replaces what SQS refuses by U+FFFD. */
export function replaceForbidden(text: string): string {
  return text.toWellFormed().replaceAll(FORBIDDEN_CHARACTERS, '\uFFFD');
}

/**
 * Makes a message body of any text. A text that is too large for SQS, or that holds characters which SQS refuses, is
 * compressed; the forwarder reads that as well. The compressed body may still be too large: the caller has to look.
 */
export function toMessageBody(text: string): string {
  const isTaken = Buffer.byteLength(text) <= SQS_LIMITS.bytes && text.search(FORBIDDEN_CHARACTERS) === -1;
  return isTaken ? text : compress(text);
}

/** Gzip in base64. */
export function compress(text: string): string {
  // Loaded here: hardly any message needs it, and a cold start should not wait for it.
  return process.getBuiltinModule('node:zlib').gzipSync(text).toString('base64');
}
