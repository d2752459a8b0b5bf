import { ConfigurationError } from '../configuration-error.ts';
import { readUrl, readWholeNumber } from '../environment.ts';
import { readSettings, type Settings } from '../rudderstack/settings.ts';

/** The environment variables of the forwarding function, apart from the owner's settings. */
export interface Runtime {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** A record that still fails at this receive becomes dead letters. */
  readonly maxReceiveCount: number;
  /** How many containers may run at once. Heap's rate limits are divided by it. */
  readonly maximumConcurrency: number;
  /** Replaces Heap's base URL, for tests and proxies. Without a trailing slash. */
  readonly heapBaseUrl: string | undefined;
}

/**
 * Reads the owner's settings from the environment variable `DESTINATION_CONFIG`.
 *
 * @throws ConfigurationError if it is missing or invalid
 */
export function readSettingsFromEnvironment(environment: NodeJS.ProcessEnv): Settings {
  const json = environment['DESTINATION_CONFIG'];
  if (json === undefined || json.trim() === '') {
    throw new ConfigurationError(
      'DESTINATION_CONFIG is missing: the settings as JSON, for example {"appId":"1234567890"}',
    );
  }
  let config: unknown;
  try {
    config = JSON.parse(json);
  } catch {
    throw new ConfigurationError('DESTINATION_CONFIG is not valid JSON');
  }
  return readSettings(config);
}

/**
 * Reads the other environment variables of the function.
 *
 * @throws ConfigurationError if one of them is missing or invalid
 */
export function readRuntime(environment: NodeJS.ProcessEnv): Runtime {
  return {
    queueUrl: readUrl(environment, 'QUEUE_URL'),
    deadLetterQueueUrl: readUrl(environment, 'DEAD_LETTER_QUEUE_URL'),
    maxReceiveCount: readWholeNumber(environment, 'MAX_RECEIVE_COUNT', { fallback: 50, least: 1, most: 1000 }),
    maximumConcurrency: readWholeNumber(environment, 'MAXIMUM_CONCURRENCY', { fallback: 2, least: 1, most: 1000 }),
    heapBaseUrl: environment['HEAP_BASE_URL'] ? readUrl(environment, 'HEAP_BASE_URL').replace(/\/+$/, '') : undefined,
  };
}
