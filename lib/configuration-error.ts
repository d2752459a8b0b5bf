/** A setting, or a variable of the environment, is missing or wrong. The message is one line that names the key. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
