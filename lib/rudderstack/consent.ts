import type { ConsentRule, PerSource, Settings } from './settings.ts';
import { isArray, isObject } from '../json.ts';
import type { RudderStackEvent } from './event.ts';
import { sourceTypesOf, WEB_SDK_SOURCES, type SourceType } from './source-type.ts';

/** The user's choices, from `context.consentManagement`. */
interface ConsentGiven {
  readonly deniedIds: ReadonlySet<string>;
  readonly provider: string;
  readonly resolutionStrategy: string;
}

/**
 * Whether one denied consent is enough to deny (`and`), or all have to be denied (`or`), for each provider whose strategy is
 * not a setting. The values are RudderStack's.
 *
 * @see https://www.rudderstack.com/docs/data-governance/consent-management/
 */
export const STRATEGY_OF_PROVIDER: ReadonlyMap<string, 'and' | 'or'> = new Map([
  ['oneTrust', 'and'],
  ['ketch', 'or'],
  ['iubenda', 'or'],
]);

/** The consent settings that hold for one source. */
export interface ConsentOfSource {
  /** The generic rules. One without consents decides nothing and is left out. */
  readonly rules: readonly ConsentRule[];
  readonly oneTrustCookieCategories: readonly string[];
  readonly ketchConsentPurposes: readonly string[];
}

/**
 * Whether the user has denied consent for this destination, by rudder-server's rules. If there is a generic setting for the
 * event's consent provider, it decides. Otherwise the two legacy settings decide (OneTrust: any category is denied; Ketch:
 * all purposes are denied). Ids are compared exactly.
 *
 * In case of doubt nothing is sent. If an event may have come from several sources, consent is denied if the settings of any
 * of them deny it. If it does not name the provider, as those of the Web SDK's version 2, consent is denied if the settings for
 * any provider deny it, by this provider's strategy.
 *
 * @see https://www.rudderstack.com/docs/data-governance/consent-management/
 */
export function isConsentDenied(event: RudderStackEvent, settings: Settings['consent']): boolean {
  const given = readConsent(event);
  if (given === undefined) return false;
  const sources = sourceTypesOf(event);
  const asked = sources === WEB_SDK_SOURCES ? webSdkSources(settings) : sources;
  return asked.some((source) => isDeniedFor(consentOfSource(settings, source), given));
}

/**
 * The sources whose settings hold for an event of the Web SDK: `web`, and `flutter` if a setting names it. Otherwise the two
 * differ only where a setting names `web` alone, and that is what it says.
 */
export function webSdkSources(settings: Settings['consent']): readonly SourceType[] {
  const isFlutterNamed = Object.values(settings).some(
    (setting: PerSource<unknown>) => setting.kind === 'by_source' && setting.settings.has('flutter'),
  );
  return isFlutterNamed ? WEB_SDK_SOURCES : ['web'];
}

/** The consent settings that hold for a source. */
export function consentOfSource(settings: Settings['consent'], source: SourceType): ConsentOfSource {
  return {
    rules: ofSource(settings.consentManagement, source).filter(({ consents }) => consents.length > 0),
    oneTrustCookieCategories: ofSource(settings.oneTrustCookieCategories, source),
    ketchConsentPurposes: ofSource(settings.ketchConsentPurposes, source),
  };
}

function isDeniedFor(settings: ConsentOfSource, given: ConsentGiven): boolean {
  const { rules, oneTrustCookieCategories: categories, ketchConsentPurposes: purposes } = settings;
  const isProviderKnown = given.provider !== '';
  const matching = isProviderKnown ? rules.filter(({ provider }) => provider === given.provider) : rules;
  if (matching.some((rule) => isDeniedBy(rule, given))) return true;
  if (isProviderKnown && matching.length > 0) return false;

  const mayBe = (provider: string): boolean => !isProviderKnown || given.provider === provider;
  if (mayBe('oneTrust') && categories.some((category) => given.deniedIds.has(category))) return true;
  return mayBe('ketch') && purposes.length > 0 && purposes.every((purpose) => given.deniedIds.has(purpose));
}

/** Returns undefined if the user has denied nothing. */
function readConsent({ context }: RudderStackEvent): ConsentGiven | undefined {
  const consent = isObject(context) ? context['consentManagement'] : undefined;
  if (!isObject(consent) || !isArray(consent['deniedConsentIds'])) return undefined;
  const { deniedConsentIds: denied, provider, resolutionStrategy: strategy } = consent;
  const deniedIds = new Set(denied.filter((id): id is string => typeof id === 'string' && id !== ''));
  if (deniedIds.size === 0) return undefined;
  return {
    deniedIds,
    provider: typeof provider === 'string' ? provider.trim() : '',
    resolutionStrategy: typeof strategy === 'string' ? strategy : '',
  };
}

function isDeniedBy(rule: ConsentRule, given: ConsentGiven): boolean {
  return strategyFor(rule, given) === 'or'
    ? rule.consents.every((consent) => given.deniedIds.has(consent))
    : rule.consents.some((consent) => given.deniedIds.has(consent));
}

function strategyFor(rule: ConsentRule, given: ConsentGiven): string | undefined {
  if (rule.provider === 'custom') return rule.resolutionStrategy;
  if (given.provider !== '' || given.resolutionStrategy !== '') return given.resolutionStrategy;
  return STRATEGY_OF_PROVIDER.get(rule.provider);
}

function ofSource<Setting>(perSource: PerSource<readonly Setting[]>, source: SourceType): readonly Setting[] {
  return perSource.kind === 'every_source' ? perSource.setting : (perSource.settings.get(source) ?? []);
}
