/** Something that the caller can fix: an option, a file, a line of a file. The message is one line. */
export class CallerError extends Error {
  override readonly name = 'CallerError';
}
