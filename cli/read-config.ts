import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../lib/exact-json.ts';
import { readSettings } from '../lib/rudderstack/settings.ts';
import { isObject, type JsonObject } from '../lib/json.ts';
import { ConfigurationError } from '../lib/configuration-error.ts';

/**
 * Reads RudderStack's `Config` for Heap from a file, else from the environment variable `DESTINATION_CONFIG`, else the one
 * of the local pipeline.
 *
 * @throws ConfigurationError if it is not valid JSON or a setting is invalid; Node's error if the file cannot be read
 */
export function readConfig(file: string | undefined): JsonObject {
  const fromEnvironment = process.env['DESTINATION_CONFIG'];
  const isFromEnvironment = file === undefined && fromEnvironment !== undefined;
  const name = isFromEnvironment
    ? 'DESTINATION_CONFIG'
    : (file ?? join(import.meta.dirname, '..', 'local', 'settings.json'));
  const json = isFromEnvironment ? fromEnvironment : readFileSync(name, 'utf8');
  let config: unknown;
  try {
    config = parseJson(json);
  } catch {
    throw new ConfigurationError(`${name} is not valid JSON`);
  }
  if (!isObject(config)) throw new ConfigurationError(`${name} has to be a JSON object`);
  readSettings(config, name);
  return config;
}
