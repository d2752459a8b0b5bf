import * as v from 'valibot';
import { ConfigurationError } from '../configuration-error.ts';
import { isObject } from '../json.ts';
import { parseAppId, type AppId } from './app-id.ts';
import { configIn, findUnknownKeys } from './config-keys.ts';
import { OPTIONAL_TYPES, type OptionalType } from './event-types.ts';
import { comparable } from './placeholder-ids.ts';
import { isWebDeviceMode } from './web-device-mode.ts';

/** A setting that applies to all sources, or has a value for each source. */
export type PerSource<Setting> =
  | { readonly kind: 'every_source'; readonly setting: Setting }
  | { readonly kind: 'by_source'; readonly settings: ReadonlyMap<string, Setting> };

/** A consent setting for one consent provider. */
export interface ConsentRule {
  readonly provider: string;
  readonly consents: readonly string[];
  /** `or`: denied if all consents are denied. Otherwise: denied if one is. Only used for the provider `custom`. */
  readonly resolutionStrategy: string;
}

/** The owner's settings, from the `Config` of RudderStack's Heap destination. */
export interface Settings {
  readonly appId: AppId;
  readonly dataResidency: 'us' | 'eu';
  /** Whether events with one `messageId` and different contents are several events (`content`) or one. */
  readonly idempotencyKey: 'content' | 'messageId';
  /** The types that are sent in addition to identify and track, because the owner asks for them. */
  readonly moreTypes: readonly OptionalType[];
  /** The user property that a group sets to the id of its account; empty for none. */
  readonly accountIdProperty: string;
  /** Whether an `anonymousId` is the identity of an event without another id, or the event is filtered. */
  readonly anonymousEvents: 'identity' | 'drop';
  /** Ids that the owner counts as placeholders, in the form of `comparable`. */
  readonly placeholderIds: ReadonlySet<string>;
  readonly eventFiltering: {
    readonly option: 'disable' | 'blacklistedEvents' | 'whitelistedEvents';
    /** The event names of the list selected by `option`, trimmed. */
    readonly eventNames: ReadonlySet<string>;
    /**
     * Whose track events the list filters: those that the Web SDK sends to Heap from the browser, as at RudderStack, or also
     * those of every source that the forwarder sends.
     */
    readonly scope: 'deviceMode' | 'all';
  };
  /** Whether the Web SDK sends events to Heap from the browser. The app id is fixed then. */
  readonly isWebDeviceMode: boolean;
  readonly consent: {
    readonly consentManagement: PerSource<readonly ConsentRule[]>;
    readonly oneTrustCookieCategories: PerSource<readonly string[]>;
    readonly ketchConsentPurposes: PerSource<readonly string[]>;
  };
  /** The keys that nothing reads, as paths. None of them is close to a known key. */
  readonly unknownKeys: readonly string[];
}

const trimmedText = v.pipe(
  v.union([v.string(), v.number()], 'has to be a string'),
  v.transform((value) => String(value).trim()),
);

function perSource<Item extends v.GenericSchema>(item: Item) {
  const list = v.array(item, 'has to be a list, or an object with a list for each source');
  return v.nullish(v.union([list, v.record(v.string(), v.nullish(list, []))], list.message), []);
}

/**
 * An element of a consent setting. RudderStack's form writes an empty text for an empty field. A misspelt key is refused, since
 * without the consent the setting would exclude nobody.
 */
function textNamed(key: string) {
  const message = `has to be an object {"${key}": …}`;
  return v.pipe(
    v.looseObject({}, message),
    v.check((element) => Object.hasOwn(element, key), message),
    v.transform((element) => element[key]),
    v.nullish(trimmedText, ''),
  );
}

function oneOf<const Options extends readonly string[]>(options: Options) {
  const names = options.map((option) => `"${option}"`).join(', ');
  return v.picklist(options, `has to be ${names.replace(/, (?=[^,]*$)/, ' or ')}`);
}

const Switch = v.nullish(v.boolean('has to be true or false'), false);

const EventNames = v.nullish(
  v.array(
    v.looseObject({ eventName: v.string('has to be a string') }, 'has to be an object {"eventName": …}'),
    'has to be a list',
  ),
  [],
);

/**
 * All keys of RudderStack's definition of the destination (rudder-integrations-config v1.148.1), `dataResidency`, which its
 * documentation has, and this project's own: `eventFilteringScope`, `idempotencyKey`, `placeholderIds`, `pageEvents`,
 * `screenEvents`, `groupAccounts`, `accountIdProperty` and `anonymousEvents`.
 *
 * @see https://github.com/rudderlabs/rudder-integrations-config/tree/v1.148.1/src/configurations/destinations/heap
 * @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/
 */
const DestinationConfig = v.looseObject({
  appId: v.pipe(
    v.nullish(v.union([v.string(), v.number()], 'has to be a string'), ''),
    v.transform((value) => parseAppId(String(value))),
    v.check(
      ({ kind }) => kind !== 'wrong',
      ({ input }) => (input.kind === 'wrong' ? input.problem : ''),
    ),
    v.transform((parsed): AppId => (parsed.kind === 'wrong' ? { kind: 'fixed', id: '' } : parsed)),
  ),
  dataResidency: v.nullish(
    v.pipe(
      v.string('has to be "us" or "eu"'),
      v.transform((region) => region.trim().toLowerCase()),
      oneOf(['us', 'eu']),
    ),
    'us',
  ),
  eventFilteringOption: v.nullish(oneOf(['disable', 'blacklistedEvents', 'whitelistedEvents']), 'disable'),
  eventFilteringScope: v.nullish(oneOf(['deviceMode', 'all']), 'deviceMode'),
  idempotencyKey: v.nullish(oneOf(['content', 'messageId']), 'content'),
  placeholderIds: v.nullish(
    v.array(v.union([v.string(), v.number()], 'has to be a string'), 'has to be a list of ids'),
    [],
  ),
  pageEvents: Switch,
  screenEvents: Switch,
  groupAccounts: Switch,
  accountIdProperty: v.pipe(
    v.nullish(trimmedText, ''),
    v.check((name) => !/^(?:[iI][dD]|user_id|.{513,})$/.test(name), 'is a name that Heap does not take'),
  ),
  anonymousEvents: v.nullish(oneOf(['identity', 'drop']), 'identity'),
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
    v.union([v.string(), v.looseObject({ web: v.nullish(v.string(), 'cloud') })], 'has to be a string or an object'),
    'cloud',
  ),
  consentManagement: perSource(
    v.looseObject({
      provider: v.nullish(v.string('has to be a string'), 'oneTrust'),
      consents: v.nullish(v.array(textNamed('consent'), 'has to be a list'), []),
      resolutionStrategy: v.nullish(v.string('has to be a string'), ''),
    }),
  ),
  oneTrustCookieCategories: perSource(textNamed('oneTrustCookieCategory')),
  ketchConsentPurposes: perSource(textNamed('purpose')),
});

/** The keys of a `Config` that `readSettings` reads. */
export function settingKeys(): readonly string[] {
  return Object.keys(DestinationConfig.entries);
}

/**
 * Validates the owner's settings. A key that is close to a known one is refused, since the setting would not count. Any other
 * key that is not known is named in `unknownKeys`.
 *
 * @param document a `Config` of RudderStack's Heap destination, or an exported destination around it, as parsed JSON
 * @param name the name of the document in error messages
 * @throws ConfigurationError that names every invalid key, and the document
 */
export function readSettings(document: unknown, name = 'DESTINATION_CONFIG'): Settings {
  if (!isObject(document)) throw new ConfigurationError(`${name} has to be a JSON object`);
  const config = configIn(document);
  const unknown = findUnknownKeys(config, Object.keys(DestinationConfig.entries));
  const parsed = v.safeParse(DestinationConfig, config);
  const problems = [
    ...(parsed.issues ?? []).map(describeIssue),
    ...unknown
      .filter(({ meant }) => meant !== undefined)
      .map(({ path, meant }) => `${path} is not known (did you mean ${meant}?)`),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigurationError(`${problems.join('; ')}, in ${name}`);
  const given = parsed.output;
  const isDeviceMode = isWebDeviceMode(given);
  if (isDeviceMode && given.appId.kind === 'from_event') {
    throw new ConfigurationError(
      `appId cannot be sent to a browser, since each event has its own: give a fixed id, or turn device mode off, in ${name}`,
    );
  }
  if (given.accountIdProperty !== '' && !given.groupAccounts) {
    throw new ConfigurationError(`accountIdProperty needs "groupAccounts": true, in ${name}`);
  }
  const listed = given.eventFilteringOption === 'disable' ? [] : given[given.eventFilteringOption];
  return {
    appId: given.appId,
    dataResidency: given.dataResidency,
    idempotencyKey: given.idempotencyKey,
    moreTypes: OPTIONAL_TYPES.filter((type) => given[type === 'group' ? 'groupAccounts' : `${type}Events`]),
    accountIdProperty: given.accountIdProperty,
    anonymousEvents: given.anonymousEvents,
    placeholderIds: new Set(given.placeholderIds.map((id) => comparable(String(id)))),
    eventFiltering: {
      option: given.eventFilteringOption,
      eventNames: new Set(listed.map(({ eventName }) => eventName.trim()).filter((eventName) => eventName !== '')),
      scope: given.eventFilteringScope,
    },
    isWebDeviceMode: isDeviceMode,
    consent: {
      consentManagement: forEachSource(given.consentManagement, ({ provider, consents, resolutionStrategy }) => ({
        provider,
        consents: consents.filter((consent) => consent !== ''),
        resolutionStrategy,
      })),
      oneTrustCookieCategories: forEachSource(given.oneTrustCookieCategories, (category) => category),
      ketchConsentPurposes: forEachSource(given.ketchConsentPurposes, (purpose) => purpose),
    },
    unknownKeys: unknown.map(({ path }) => path),
  };
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const { path, message } = deepest(issue);
  return `${path.join('.')} ${message}`;
}

interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

/** Of a value that fits none of several forms, the problem inside the form that it fits best. */
function deepest({ path, message, issues }: v.BaseIssue<unknown>): Problem {
  const own = (path ?? []).map(({ key }) => String(key));
  const [inner] = (issues ?? []).map(deepest).toSorted((a, b) => b.path.length - a.path.length);
  return inner === undefined || inner.path.length === 0
    ? { path: own, message }
    : { path: [...own, ...inner.path], message: inner.message };
}

/** Empty values are dropped; they come from empty fields in RudderStack's form. */
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
