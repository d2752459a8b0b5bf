import { ConfigurationError } from '../configuration-error.ts';
import { consentOfSource, STRATEGY_OF_PROVIDER, webSdkSources, type ConsentOfSource } from './consent.ts';
import type { ConsentRule, PerSource, Settings } from './settings.ts';
import { SOURCE_TYPES } from './source-type.ts';

/** The settings of the Heap destination as RudderStack's Web SDK reads them: flat, and not by source. */
export interface WebConfig {
  readonly appId: string;
  readonly connectionMode: 'device';
  readonly useNativeSDK: true;
  readonly eventFilteringOption: Settings['eventFiltering']['option'];
  readonly blacklistedEvents: readonly { readonly eventName: string }[];
  readonly whitelistedEvents: readonly { readonly eventName: string }[];
  /** For version 3 of the SDK. */
  readonly consentManagement: readonly WebConsentRule[];
  /** For version 2 of the SDK, which reads no other consent settings. */
  readonly oneTrustCookieCategories: readonly { readonly oneTrustCookieCategory: string }[];
  readonly ketchConsentPurposes: readonly { readonly purpose: string }[];
}

interface WebConsentRule {
  readonly provider: string;
  readonly consents: readonly { readonly consent: string }[];
  readonly resolutionStrategy?: 'and' | 'or';
}

/** The providers' strategies as the SDK takes them. It obeys them, and sends them along with each event. */
export const RESOLUTION_STRATEGIES = [...STRATEGY_OF_PROVIDER].map(([provider, resolutionStrategy]) => ({
  provider,
  resolutionStrategy,
}));

const PROVIDERS: ReadonlySet<string> = new Set([...RESOLUTION_STRATEGIES.map(({ provider }) => provider), 'custom']);
const SOURCES: ReadonlySet<string> = new Set(SOURCE_TYPES);

/**
 * Makes the Web SDK's settings for device mode.
 *
 * The SDK tracks a user if it cannot read a consent setting, or finds none for the page's consent provider. So the settings
 * are complete in each of the two forms that its versions read, whichever form the owner has used. What an SDK could not obey
 * is refused.
 *
 * @returns undefined in cloud mode: the Web SDK has nothing to send to Heap
 * @throws ConfigurationError if the settings cannot be obeyed by a browser; a single line that says why
 */
export function webConfig({ isWebDeviceMode, appId, eventFiltering, consent }: Settings): WebConfig | undefined {
  if (!isWebDeviceMode || appId.kind !== 'fixed') return undefined;
  const { option } = eventFiltering;
  const eventNames = [...eventFiltering.eventNames].map((eventName) => ({ eventName }));
  const rules = webConsentRules(consent);
  const consentsOf = (provider: string): readonly string[] =>
    rules.find((rule) => rule.provider === provider)?.consents ?? [];
  return {
    appId: appId.id,
    connectionMode: 'device',
    useNativeSDK: true,
    eventFilteringOption: option,
    blacklistedEvents: option === 'blacklistedEvents' ? eventNames : [],
    whitelistedEvents: option === 'whitelistedEvents' ? eventNames : [],
    consentManagement: rules.map(toWebConsentRule),
    oneTrustCookieCategories: consentsOf('oneTrust').map((oneTrustCookieCategory) => ({ oneTrustCookieCategory })),
    ketchConsentPurposes: consentsOf('ketch').map((purpose) => ({ purpose })),
  };
}

/**
 * One rule for each provider. A browser cannot tell whether Flutter or the page itself calls the Web SDK. So the settings of
 * both sources hold, and for one provider they have to be the same.
 */
function webConsentRules(consent: Settings['consent']): readonly ConsentRule[] {
  for (const [key, setting] of Object.entries(consent)) refuseUnknownSource(key, setting);
  const merged = new Map<string, ConsentRule>();
  for (const rule of webSdkSources(consent).flatMap((source) => rulesOfSource(consentOfSource(consent, source)))) {
    const other = merged.get(rule.provider);
    if (other !== undefined && !isSameRule(rule, other)) {
      throw new ConfigurationError(
        'the consent settings of one provider are different for web and for flutter, and in device mode the browser cannot tell the two apart: write the same settings, or turn device mode off, in DESTINATION_CONFIG',
      );
    }
    merged.set(rule.provider, other ?? rule);
  }
  return [...merged.values()];
}

/** One rule for each provider. As in the forwarder, a legacy list counts where the provider has no generic rule. */
function rulesOfSource({ rules, ...legacy }: ConsentOfSource): readonly ConsentRule[] {
  const unknown = rules.find(({ provider }) => !PROVIDERS.has(provider));
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `consentManagement has the unknown provider ${JSON.stringify(unknown.provider)}, and in device mode a browser would track everybody: one of ${[...PROVIDERS].join(', ')}, in DESTINATION_CONFIG`,
    );
  }
  const providers = new Set(rules.map(({ provider }) => provider));
  if (providers.size < rules.length) {
    throw new ConfigurationError(
      'consentManagement has several rules of one provider for web, and in device mode the browser obeys the first only: write one rule, or turn device mode off, in DESTINATION_CONFIG',
    );
  }
  const lists = [
    { provider: 'oneTrust', consents: legacy.oneTrustCookieCategories },
    { provider: 'ketch', consents: legacy.ketchConsentPurposes },
  ].filter(({ provider, consents }) => consents.length > 0 && !providers.has(provider));
  return [...rules, ...lists.map((rule) => ({ ...rule, resolutionStrategy: '' }))];
}

function isSameRule(one: ConsentRule, other: ConsentRule): boolean {
  const isStrategyOwn = one.provider === 'custom';
  if (isStrategyOwn && (one.resolutionStrategy === 'or') !== (other.resolutionStrategy === 'or')) return false;
  return containsAll(one.consents, other.consents) && containsAll(other.consents, one.consents);
}

function containsAll(ids: readonly string[], others: readonly string[]): boolean {
  return others.every((id) => ids.includes(id));
}

/** A misspelt source would leave the browser without the setting, and it would track everybody. */
function refuseUnknownSource(key: string, setting: PerSource<unknown>): void {
  if (setting.kind === 'every_source') return;
  const unknown = [...setting.settings.keys()].find((source) => !SOURCES.has(source));
  if (unknown === undefined) return;
  throw new ConfigurationError(
    `${key} has the unknown source ${JSON.stringify(unknown)}, and in device mode a browser may miss its consent settings: one of ${[...SOURCES].join(', ')}, in DESTINATION_CONFIG`,
  );
}

function toWebConsentRule({ provider, consents, resolutionStrategy }: ConsentRule): WebConsentRule {
  const rule = { provider, consents: consents.map((consent) => ({ consent })) };
  // The SDK would prefer a rule's own strategy to the provider's, but only `custom` has one.
  return provider === 'custom' ? { ...rule, resolutionStrategy: resolutionStrategy === 'or' ? 'or' : 'and' } : rule;
}
