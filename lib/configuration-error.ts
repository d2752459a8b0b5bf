/** A setting or an environment variable is missing or invalid. The message is a single line that names the key. */
export class ConfigurationError extends Error {
  /** Lambda's runtime logs the class's name, which is minified otherwise. */
  static override readonly name = 'ConfigurationError';
  override readonly name = 'ConfigurationError';
}
