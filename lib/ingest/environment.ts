import { ConfigurationError } from '../configuration-error.ts';
import { readUrl } from '../environment.ts';

/** What the front door's environment tells it. */
export interface IngestRuntime {
  readonly queueUrl: string;
  /** Name of the parameter that holds the write keys. */
  readonly keysParameter: string;
}

/** @throws ConfigurationError */
export function readIngestRuntime(environment: NodeJS.ProcessEnv): IngestRuntime {
  const keysParameter = environment['INGEST_KEYS_PARAMETER']?.trim() ?? '';
  if (keysParameter === '') {
    throw new ConfigurationError(
      'INGEST_KEYS_PARAMETER is missing: the name of the parameter in Parameter Store that holds the write keys',
    );
  }
  return { queueUrl: readUrl(environment, 'QUEUE_URL'), keysParameter };
}
