import { ConfigurationError } from '../configuration-error.ts';
import { readUrl, readWholeNumber } from '../environment.ts';

/** The environment variables of the forwarding function, apart from the owner's settings. */
export interface Runtime {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** For how many hours after its first receive a record that fails is tried again, before it becomes dead letters. */
  readonly retryHours: number;
  /** How many containers may run at once. Heap's rate limits are divided by it. */
  readonly maximumConcurrency: number;
  /** Replaces Heap's base URL, for tests and proxies. Without a trailing slash. */
  readonly heapBaseUrl: string | undefined;
}

/**
 * Reads the other environment variables of the function.
 *
 * @throws ConfigurationError if one of them is missing, invalid or no longer used
 */
export function readRuntime(environment: NodeJS.ProcessEnv): Runtime {
  if (environment['MAX_RECEIVE_COUNT']) {
    throw new ConfigurationError(
      'MAX_RECEIVE_COUNT is no longer used: set RETRY_HOURS, the hours for which a failing event is tried again',
    );
  }
  return {
    queueUrl: readUrl(environment, 'QUEUE_URL'),
    deadLetterQueueUrl: readUrl(environment, 'DEAD_LETTER_QUEUE_URL'),
    retryHours: readWholeNumber(environment, 'RETRY_HOURS', { fallback: 48, least: 1, most: 144 }),
    maximumConcurrency: readWholeNumber(environment, 'MAXIMUM_CONCURRENCY', { fallback: 2, least: 1, most: 1000 }),
    heapBaseUrl: environment['HEAP_BASE_URL'] ? readUrl(environment, 'HEAP_BASE_URL').replace(/\/+$/, '') : undefined,
  };
}
