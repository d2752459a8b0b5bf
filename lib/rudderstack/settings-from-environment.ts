import { ConfigurationError } from '../configuration-error.ts';
import { parseJson } from '../exact-json.ts';
import { readSettings, type Settings } from './settings.ts';

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
    config = parseJson(json);
  } catch {
    throw new ConfigurationError('DESTINATION_CONFIG is not valid JSON');
  }
  return readSettings(config);
}
