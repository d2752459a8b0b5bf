import { join } from 'node:path';
import { parseJson } from '../lib/exact-json.ts';
import { configIn } from '../lib/rudderstack/config-keys.ts';
import { readSettings, type Settings } from '../lib/rudderstack/settings.ts';
import { isObject, type JsonObject } from '../lib/json.ts';
import { ConfigurationError } from '../lib/configuration-error.ts';
import { readTextFile } from './read-text-file.ts';

/** For help texts: where `findConfig` finds settings without a file and without a stack. */
export const WITHOUT_CONFIG = 'without it, the variable DESTINATION_CONFIG, or local/settings.json';
/** The same for a command that may know a stack. */
export const WITHOUT_CONFIG_OR_STACK =
  'without it, the settings of the stack, the variable DESTINATION_CONFIG, or local/settings.json';

/** The owner's settings in a file, in all the forms that are needed. */
export interface ConfigFile {
  /** As it stands in the file, without a byte order mark. */
  readonly json: string;
  readonly config: JsonObject;
  readonly settings: Settings;
}

/** Settings as JSON, and where they are from, for people. */
export interface NamedSettings {
  /** For example `the stack rudderstack-heap`. */
  readonly name: string;
  readonly json: string;
}

/** RudderStack's `Config`, and where it is from, for people. */
export interface NamedConfig {
  readonly name: string;
  readonly config: JsonObject;
}

/**
 * Finds RudderStack's `Config` for Heap: in a file, else in the settings of a stack, else in the environment variable
 * `DESTINATION_CONFIG`, else in those of the local pipeline.
 *
 * @throws ConfigurationError if it is not valid JSON or a setting is invalid; CallerError if the file cannot be read
 */
export function findConfig(file: string | undefined, ofStack?: NamedSettings): NamedConfig {
  const json = process.env['DESTINATION_CONFIG'];
  const given = ofStack ?? (json === undefined ? undefined : { name: 'DESTINATION_CONFIG', json });
  if (file === undefined && given !== undefined) {
    return { name: given.name, config: parseConfig(given.json, given.name).config };
  }
  const name = file ?? 'local/settings.json';
  return { name, config: readConfigFile(file ?? join(import.meta.dirname, '..', 'local', 'settings.json')).config };
}

/** The `Config` alone, like `findConfig` without a stack. */
export function readConfig(file: string | undefined): JsonObject {
  return findConfig(file).config;
}

/**
 * Reads the file that the option `--config` names.
 *
 * @throws like `findConfig`
 */
export function readConfigFile(file: string): ConfigFile {
  return parseConfig(readTextFile(`--config ${file}`, file), file);
}

/** Warns on standard error about keys that are not known. */
function parseConfig(json: string, name: string): ConfigFile {
  let document: unknown;
  try {
    document = parseJson(json);
  } catch {
    throw new ConfigurationError(`${name} is not valid JSON`);
  }
  if (!isObject(document)) throw new ConfigurationError(`${name} has to be a JSON object`);
  const settings = readSettings(document, name);
  const { unknownKeys } = settings;
  if (unknownKeys.length > 0) console.error(`Not known and ignored: ${unknownKeys.join(', ')}, in ${name}`);
  return { json, config: configIn(document), settings };
}
