import { ConfigurationError } from './configuration-error.ts';

/**
 * Reads an environment variable that holds a URL.
 *
 * @throws ConfigurationError if the variable is missing or not an http or https URL
 */
export function readUrl(environment: NodeJS.ProcessEnv, key: string): string {
  const value = environment[key] ?? '';
  if (value === '') throw new ConfigurationError(`${key} is missing: an http or https URL`);
  const protocol = URL.parse(value)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new ConfigurationError(`${key} is not an http or https URL`);
  }
  return value;
}

/**
 * Reads an environment variable that holds an integer.
 *
 * @returns `fallback` if the variable is missing or empty
 * @throws ConfigurationError if the value is not an integer from `least` to `most`
 */
export function readWholeNumber(
  environment: NodeJS.ProcessEnv,
  key: string,
  { fallback, least, most }: { readonly fallback: number; readonly least: number; readonly most: number },
): number {
  const value = environment[key] ?? '';
  if (value === '') return fallback;
  const count = Number(value);
  if (!Number.isInteger(count) || count < least || count > most) {
    throw new ConfigurationError(`${key} has to be a whole number from ${least} to ${most}`);
  }
  return count;
}
