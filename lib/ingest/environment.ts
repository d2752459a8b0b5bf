import { ConfigurationError } from '../configuration-error.ts';
import { readUrl } from '../environment.ts';

/** The queues that events are sent to. */
export interface QueueUrls {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** The environment variables of the HTTP endpoint. */
export interface IngestRuntime extends QueueUrls {
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
  return { ...readQueueUrls(environment), keysParameter };
}

/**
 * Reads the environment variables that name the queues. The function of the Lambda destination has no others of its own.
 *
 * @throws ConfigurationError if one of them is missing or invalid
 */
export function readQueueUrls(environment: NodeJS.ProcessEnv): QueueUrls {
  return {
    queueUrl: readUrl(environment, 'QUEUE_URL'),
    deadLetterQueueUrl: readUrl(environment, 'DEAD_LETTER_QUEUE_URL'),
  };
}
