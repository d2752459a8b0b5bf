/** A setting or an environment variable is missing or invalid. The message is a single line that names the key. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
