/** An error that the caller can fix, for example in an option or a file. The message is a single line. */
export class CallerError extends Error {
  override readonly name = 'CallerError';
}
