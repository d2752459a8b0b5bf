import { ConfigurationError } from '../configuration-error.ts';
import { LOG_LEVELS, type LogSettings } from './log.ts';

/**
 * Reads the log level and the service name from the environment variables `LOG_LEVEL` and `SERVICE_NAME`.
 *
 * @throws ConfigurationError if the log level is unknown
 */
export function readLogSettings(environment: NodeJS.ProcessEnv): LogSettings {
  const given = environment['LOG_LEVEL']?.toUpperCase() || 'INFO';
  const level = LOG_LEVELS.find((one) => one === given);
  if (level === undefined) throw new ConfigurationError(`LOG_LEVEL has to be one of ${LOG_LEVELS.join(', ')}`);
  return { service: environment['SERVICE_NAME'] || 'rudderstack-heap', level };
}
