import type { ConsentRule, PerSource, Settings } from './settings.ts';
import { isArray, isObject } from '../json.ts';
import type { RudderStackEvent } from './event.ts';
import { sourceTypesOf, type SourceType } from './source-type.ts';

/** The user's choices, from `context.consentManagement`. */
interface ConsentGiven {
  readonly deniedIds: ReadonlySet<string>;
  readonly provider: string;
  readonly resolutionStrategy: string;
}

/**
 * Whether the user has denied consent for this destination, by rudder-server's rules. If there is a generic setting for the
 * event's consent provider, it decides. Otherwise the two legacy settings decide (OneTrust: any category is denied; Ketch:
 * all purposes are denied). Ids are compared exactly.
 *
 * There may be settings for each source. If an event may have come from several sources, consent is denied if the settings
 * of any of them deny it: in case of doubt nothing is sent.
 *
 * @see https://www.rudderstack.com/docs/data-governance/consent-management/
 */
export function isConsentDenied(event: RudderStackEvent, settings: Settings['consent']): boolean {
  const given = readConsent(event);
  if (given === undefined) return false;

  const sources = sourceTypesOf(event);
  const matching = consentRules(settings, sources).filter(({ provider }) => provider === given.provider);
  if (matching.length > 0) return matching.some((rule) => isDeniedBy(rule, given));

  if (given.provider === '' || given.provider === 'oneTrust') {
    const categories = forSources(settings.oneTrustCookieCategories, sources).flat();
    if (categories.length > 0) return categories.some((category) => given.deniedIds.has(category));
  }
  if (given.provider === '' || given.provider === 'ketch') {
    const purposes = forSources(settings.ketchConsentPurposes, sources).flat();
    return purposes.length > 0 && purposes.every((purpose) => given.deniedIds.has(purpose));
  }
  return false;
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
    provider: typeof provider === 'string' ? provider : '',
    resolutionStrategy: typeof strategy === 'string' ? strategy : '',
  };
}

function isDeniedBy(rule: ConsentRule, given: ConsentGiven): boolean {
  const strategy = rule.provider === 'custom' ? rule.resolutionStrategy : given.resolutionStrategy;
  return strategy === 'or'
    ? rule.consents.every((consent) => given.deniedIds.has(consent))
    : rule.consents.some((consent) => given.deniedIds.has(consent));
}

/** The settings that hold for any of the source types. */
export function forSources<Setting>(perSource: PerSource<Setting>, sources: readonly SourceType[]): readonly Setting[] {
  if (perSource.kind === 'every_source') return [perSource.setting];
  return sources.flatMap((source) => perSource.settings.get(source) ?? []);
}

/** The generic consent rules that hold for any of the source types. A rule without consents decides nothing. */
export function consentRules(settings: Settings['consent'], sources: readonly SourceType[]): readonly ConsentRule[] {
  return forSources(settings.consentManagement, sources)
    .flat()
    .filter(({ consents }) => consents.length > 0);
}
