import * as v from 'valibot';
import { isObject } from './json.ts';
import { parseAppId, type AppId } from './mapping/app-id.ts';
import { LOG_LEVELS, type LogSettings } from './telemetry/log.ts';

/** A setting that may be given once for every source or apart for each. */
export type PerSource<Setting> =
  | { readonly kind: 'every_source'; readonly setting: Setting }
  | { readonly kind: 'by_source'; readonly settings: ReadonlyMap<string, Setting> };

export interface ConsentRule {
  readonly provider: string;
  readonly consents: readonly string[];
  /** `or`: all consents have to be denied; anything else: one denied consent is enough. Counts for provider `custom`. */
  readonly resolutionStrategy: string;
}

/** The owner's choices about events: what RudderStack keeps as the `Config` of its Heap destination. */
export interface Settings {
  readonly appId: AppId;
  readonly dataResidency: 'us' | 'eu';
  readonly eventFiltering: {
    readonly option: 'disable' | 'blacklistedEvents' | 'whitelistedEvents';
    /** The names of the list that `option` names, trimmed. */
    readonly eventNames: ReadonlySet<string>;
  };
  /** True when the Web SDK itself sends events to Heap from the browser. */
  readonly isWebDeviceMode: boolean;
  readonly consent: {
    readonly consentManagement: PerSource<readonly ConsentRule[]>;
    readonly oneTrustCookieCategories: PerSource<readonly string[]>;
    readonly ketchConsentPurposes: PerSource<readonly string[]>;
  };
}

/** How this function runs: what its environment tells it beside the owner's settings. */
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

/** A setting is missing or wrong. The message is one line that names the key. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

const text = v.pipe(
  v.union([v.string(), v.number()], 'has to be a text'),
  v.transform((value) => String(value).trim()),
);

function perSource<Item extends v.GenericSchema>(item: Item) {
  const list = v.array(item, 'has to be a list, or an object with a list for each source');
  return v.nullish(v.union([list, v.record(v.string(), v.nullish(list, []))], list.message), []);
}

const EventNames = v.nullish(
  v.array(
    v.looseObject({ eventName: v.string('has to be a text') }, 'has to be an object {"eventName": …}'),
    'has to be a list',
  ),
  [],
);

/**
 * The keys of RudderStack's own definition of the destination; others are left unread, so that a whole `Config` can be
 * pasted.
 *
 * @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/
 */
const DestinationConfig = v.looseObject({
  appId: v.pipe(
    v.nullish(v.union([v.string(), v.number()], 'has to be a text'), ''),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const parsed = parseAppId(String(dataset.value));
      if (parsed.kind === 'app_id') return parsed.appId;
      addIssue({ message: parsed.problem });
      return NEVER;
    }),
  ),
  dataResidency: v.nullish(
    v.pipe(
      v.string('has to be "us" or "eu"'),
      v.transform((region) => region.trim().toLowerCase()),
      v.picklist(['us', 'eu'], 'has to be "us" or "eu"'),
    ),
    'us',
  ),
  eventFilteringOption: v.nullish(
    v.picklist(
      ['disable', 'blacklistedEvents', 'whitelistedEvents'],
      'has to be "disable", "blacklistedEvents" or "whitelistedEvents"',
    ),
    'disable',
  ),
  blacklistedEvents: EventNames,
  whitelistedEvents: EventNames,
  useNativeSDK: v.nullish(
    v.union(
      [v.boolean(), v.looseObject({ web: v.nullish(v.boolean(), false) })],
      'has to be true, false or {"web": true}',
    ),
    false,
  ),
  connectionMode: v.nullish(
    v.union([v.string(), v.looseObject({ web: v.nullish(v.string(), 'cloud') })], 'has to be a text or an object'),
    'cloud',
  ),
  consentManagement: perSource(
    v.looseObject({
      provider: v.nullish(v.string('has to be a text'), 'oneTrust'),
      consents: v.nullish(v.array(v.looseObject({ consent: v.nullish(text, '') })), []),
      resolutionStrategy: v.nullish(v.string('has to be a text'), ''),
    }),
  ),
  oneTrustCookieCategories: perSource(v.looseObject({ oneTrustCookieCategory: v.nullish(text, '') })),
  ketchConsentPurposes: perSource(v.looseObject({ purpose: v.nullish(text, '') })),
});

/**
 * Checks the owner's settings.
 *
 * @param config a RudderStack destination `Config` as parsed JSON
 * @param name what to call it in the error
 * @throws ConfigurationError naming every key that is wrong
 */
export function readSettings(config: unknown, name = 'DESTINATION_CONFIG'): Settings {
  if (!isObject(config)) throw new ConfigurationError(`${name} has to be a JSON object`);
  const parsed = v.safeParse(DestinationConfig, config);
  if (!parsed.success) {
    const problems = parsed.issues.map((issue) => describeIssue(name, issue));
    throw new ConfigurationError(problems.join('; '));
  }
  const given = parsed.output;
  const listed = given.eventFilteringOption === 'disable' ? [] : given[given.eventFilteringOption];
  return {
    appId: given.appId,
    dataResidency: given.dataResidency,
    eventFiltering: {
      option: given.eventFilteringOption,
      eventNames: new Set(listed.map(({ eventName }) => eventName.trim()).filter((eventName) => eventName !== '')),
    },
    isWebDeviceMode: forWeb(given.useNativeSDK) || forWeb(given.connectionMode) === 'device',
    consent: {
      consentManagement: forEachSource(given.consentManagement, ({ provider, consents, resolutionStrategy }) => ({
        provider,
        consents: consents.map(({ consent }) => consent).filter((consent) => consent !== ''),
        resolutionStrategy,
      })),
      oneTrustCookieCategories: forEachSource(given.oneTrustCookieCategories, (one) => one.oneTrustCookieCategory),
      ketchConsentPurposes: forEachSource(given.ketchConsentPurposes, ({ purpose }) => purpose),
    },
  };
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
    throw new ConfigurationError('DESTINATION_CONFIG is no JSON');
  }
  return readSettings(config);
}

/**
 * Reads how the function runs.
 *
 * @throws ConfigurationError
 */
export function readRuntime(environment: NodeJS.ProcessEnv): Runtime {
  return {
    queueUrl: readUrl(environment, 'QUEUE_URL'),
    deadLetterQueueUrl: readUrl(environment, 'DEAD_LETTER_QUEUE_URL'),
    maxReceiveCount: readCount(environment, 'MAX_RECEIVE_COUNT', { fallback: 50, least: 1, most: 1000 }),
    maximumConcurrency: readCount(environment, 'MAXIMUM_CONCURRENCY', { fallback: 2, least: 1, most: 1000 }),
    heapBaseUrl: environment['HEAP_BASE_URL'] ? readUrl(environment, 'HEAP_BASE_URL').replace(/\/+$/, '') : undefined,
  };
}

/**
 * Reads how the function logs.
 *
 * @throws ConfigurationError
 */
export function readLogSettings(environment: NodeJS.ProcessEnv): LogSettings {
  const given = environment['LOG_LEVEL']?.toUpperCase() || 'INFO';
  const level = LOG_LEVELS.find((one) => one === given);
  if (level === undefined) throw new ConfigurationError(`LOG_LEVEL has to be one of ${LOG_LEVELS.join(', ')}`);
  return { service: environment['SERVICE_NAME'] || 'rudderstack-heap', level };
}

/** @throws ConfigurationError when the variable `key` holds no URL */
export function readUrl(environment: NodeJS.ProcessEnv, key: string): string {
  const value = environment[key] ?? '';
  if (value === '') throw new ConfigurationError(`${key} is missing: an http or https URL`);
  const protocol = URL.parse(value)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') throw new ConfigurationError(`${key} is no http or https URL`);
  return value;
}

function readCount(
  environment: NodeJS.ProcessEnv,
  key: string,
  { fallback, least, most }: { fallback: number; least: number; most: number },
): number {
  const value = environment[key] ?? '';
  if (value === '') return fallback;
  const count = Number(value);
  if (!Number.isInteger(count) || count < least || count > most) {
    throw new ConfigurationError(`${key} has to be a whole number from ${least} to ${most}`);
  }
  return count;
}

function describeIssue(name: string, issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return `${path === null ? name : `${name}.${path}`} ${issue.message}`;
}

function forWeb<Setting>(given: Setting | { readonly web: Setting }): Setting {
  return typeof given === 'object' && given !== null && 'web' in given ? given.web : given;
}

/** What is left empty in RudderStack's form says nothing. */
function forEachSource<Given, Setting>(
  given: readonly Given[] | Readonly<Record<string, readonly Given[]>>,
  read: (one: Given) => Setting,
): PerSource<readonly Setting[]> {
  const readAll = (list: readonly Given[]): Setting[] => list.map(read).filter((setting) => setting !== '');
  return isList(given)
    ? { kind: 'every_source', setting: readAll(given) }
    : {
        kind: 'by_source',
        settings: new Map(Object.entries(given).map(([source, list]) => [source, readAll(list)])),
      };
}

function isList<Given>(
  given: readonly Given[] | Readonly<Record<string, readonly Given[]>>,
): given is readonly Given[] {
  return Array.isArray(given);
}
