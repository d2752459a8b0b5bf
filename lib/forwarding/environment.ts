import { ConfigurationError } from '../configuration-error.ts';
import { readUrl, readWholeNumber } from '../environment.ts';
import { readSettings, type Settings } from '../rudderstack/settings.ts';

/** What the environment of the forwarding function says, apart from the owner's settings. */
export interface Runtime {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** The receive at which a record that still fails is dead-lettered. */
  readonly maxReceiveCount: number;
  /** How many copies of the function may run at once; Heap's rate limits are divided by it. */
  readonly maximumConcurrency: number;
  /** Replaces Heap's host, for tests and proxies; without a slash at the end. */
  readonly heapBaseUrl: string | undefined;
}

/**
 * Reads the owner's settings from the variable `DESTINATION_CONFIG`.
 *
 * @throws ConfigurationError
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
 * Reads the rest of the function's environment.
 *
 * @throws ConfigurationError
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
