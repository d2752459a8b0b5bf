import { ConfigurationError } from '../configuration-error.ts';
import { readUrl } from '../environment.ts';

/** The environment variables of the HTTP endpoint. */
export interface IngestRuntime {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** The name of the parameter that contains the write keys. */
  readonly keysParameter: string;
}

/**
 * Reads the environment variables of the HTTP endpoint.
 *
 * @throws ConfigurationError if one of them is missing or invalid
 */
export function readIngestRuntime(environment: NodeJS.ProcessEnv): IngestRuntime {
  const keysParameter = environment['INGEST_KEYS_PARAMETER']?.trim() ?? '';
  if (keysParameter === '') {
    throw new ConfigurationError(
      'INGEST_KEYS_PARAMETER is missing: the name of the parameter in Parameter Store that contains the write keys',
    );
  }
  return {
    queueUrl: readUrl(environment, 'QUEUE_URL'),
    deadLetterQueueUrl: readUrl(environment, 'DEAD_LETTER_QUEUE_URL'),
    keysParameter,
  };
}
