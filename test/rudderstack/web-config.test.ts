import * as fc from 'fast-check';
import { ConfigurationError } from '../../lib/configuration-error.ts';
import type { JsonObject } from '../../lib/json.ts';
import { admit } from '../../lib/rudderstack/admission.ts';
import { RESOLUTION_STRATEGIES, webConfig, type WebConfig } from '../../lib/rudderstack/web-config.ts';
import { settingsWith } from '../support/settings.ts';

const deviceMode = { useNativeSDK: { web: true } };

function configFor(config: JsonObject): WebConfig {
  const made = webConfig(settingsWith({ ...deviceMode, ...config }));
  if (made === undefined) throw new Error('the settings are not in device mode');
  return made;
}

test('a browser gets flat settings, and lists even where the owner has written none', () => {
  expect(configFor({})).toEqual({
    appId: '11',
    connectionMode: 'device',
    useNativeSDK: true,
    eventFilteringOption: 'disable',
    blacklistedEvents: [],
    whitelistedEvents: [],
    consentManagement: [],
    oneTrustCookieCategories: [],
    ketchConsentPurposes: [],
  });
});

test.each<[JsonObject, boolean]>([
  [{ useNativeSDK: true }, true],
  [{ useNativeSDK: { web: true } }, true],
  [{ connectionMode: 'device' }, true],
  [{ connectionMode: { web: 'device' } }, true],
  [{ useNativeSDK: { web: false }, connectionMode: { web: 'device' } }, true],
  [{ useNativeSDK: { web: true }, connectionMode: { web: 'cloud' } }, true],
  [{ useNativeSDK: { web: true }, connectionMode: { web: 'hybrid' } }, true],
  [{}, false],
  [{ useNativeSDK: false, connectionMode: 'cloud' }, false],
  [{ useNativeSDK: { ios: true }, connectionMode: { ios: 'device' } }, false],
  [{ connectionMode: { web: 'hybrid' } }, false],
])('%j: the browser sends exactly when the forwarder does not (%j)', (config, isDeviceMode) => {
  const settings = settingsWith(config);
  expect(webConfig(settings) !== undefined).toBe(isDeviceMode);
  const admission = admit({ type: 'track', event: 'A', channel: 'web' }, settings);
  expect(admission.kind).toBe(isDeviceMode ? 'filtered' : 'admitted');
});

test.each([
  ['blacklistedEvents', [{ eventName: 'A' }, { eventName: 'B C' }], []],
  ['whitelistedEvents', [], [{ eventName: 'D' }]],
  ['disable', [], []],
])('the list that counts is the one of the option %s', (eventFilteringOption, blacklistedEvents, whitelistedEvents) => {
  const config = configFor({
    eventFilteringOption,
    blacklistedEvents: [{ eventName: ' A' }, { eventName: 'B C ' }, { eventName: ' ' }],
    whitelistedEvents: [{ eventName: 'D' }],
  });
  expect(config).toMatchObject({ eventFilteringOption, blacklistedEvents, whitelistedEvents });
});

describe('consent', () => {
  const oneTrust = { provider: 'oneTrust', consents: [{ consent: ' C1 ' }, { consent: '' }], resolutionStrategy: 'or' };
  const ketch = { provider: 'ketch', consents: [{ consent: 'ads' }, { consent: 'analytics' }] };
  const custom = (resolutionStrategy: string) => ({
    provider: 'custom',
    consents: [{ consent: 'c' }],
    resolutionStrategy,
  });
  const categories = [{ oneTrustCookieCategory: 'C9' }, { oneTrustCookieCategory: '' }];
  const purposes = [{ purpose: 'ads' }];

  test.each<[string, JsonObject, Partial<WebConfig>]>([
    [
      'a rule of OneTrust, for version 3 and for version 2, without a strategy of its own',
      { consentManagement: [oneTrust] },
      {
        consentManagement: [{ provider: 'oneTrust', consents: [{ consent: 'C1' }] }],
        oneTrustCookieCategories: [{ oneTrustCookieCategory: 'C1' }],
      },
    ],
    [
      'a rule of Ketch',
      { consentManagement: [ketch] },
      {
        consentManagement: [{ provider: 'ketch', consents: [{ consent: 'ads' }, { consent: 'analytics' }] }],
        ketchConsentPurposes: [{ purpose: 'ads' }, { purpose: 'analytics' }],
      },
    ],
    [
      'a custom rule keeps its strategy',
      { consentManagement: [custom('or')] },
      { consentManagement: [{ provider: 'custom', consents: [{ consent: 'c' }], resolutionStrategy: 'or' }] },
    ],
    [
      'a custom rule without a strategy is strict',
      { consentManagement: [custom('')] },
      { consentManagement: [{ provider: 'custom', consents: [{ consent: 'c' }], resolutionStrategy: 'and' }] },
    ],
    [
      'legacy lists count although version 3 would ignore them beside a rule of another provider',
      { consentManagement: [custom('and')], oneTrustCookieCategories: categories, ketchConsentPurposes: purposes },
      {
        consentManagement: [
          { provider: 'custom', consents: [{ consent: 'c' }], resolutionStrategy: 'and' },
          { provider: 'oneTrust', consents: [{ consent: 'C9' }] },
          { provider: 'ketch', consents: [{ consent: 'ads' }] },
        ],
        oneTrustCookieCategories: [{ oneTrustCookieCategory: 'C9' }],
        ketchConsentPurposes: [{ purpose: 'ads' }],
      },
    ],
    [
      'a generic rule wins over the legacy list of its provider',
      { consentManagement: [oneTrust], oneTrustCookieCategories: categories },
      {
        consentManagement: [{ provider: 'oneTrust', consents: [{ consent: 'C1' }] }],
        oneTrustCookieCategories: [{ oneTrustCookieCategory: 'C1' }],
      },
    ],
    [
      'a generic rule without consents does not',
      {
        consentManagement: [{ provider: 'oneTrust', consents: [{ consent: '' }] }],
        oneTrustCookieCategories: categories,
      },
      { consentManagement: [{ provider: 'oneTrust', consents: [{ consent: 'C9' }] }] },
    ],
  ])('%s', (_, config, expected) => {
    expect(configFor(config)).toMatchObject(expected);
    const bySource = Object.fromEntries(Object.entries(config).map(([key, list]) => [key, { web: list, ios: [] }]));
    expect(configFor(bySource)).toEqual(configFor(config));
  });

  test('what is set for another source does not count', () => {
    expect(configFor({ consentManagement: { amp: [custom('and')] }, ketchConsentPurposes: { ios: purposes } })).toEqual(
      configFor({}),
    );
  });

  test('several rules of one provider are refused, since a browser would obey the first only', () => {
    const settings = settingsWith({ ...deviceMode, consentManagement: [custom('and'), custom('and')] });
    expect(() => webConfig(settings)).toThrow(ConfigurationError);
    expect(() => webConfig(settings)).toThrow(/^consentManagement has several rules [^\n]*, in DESTINATION_CONFIG$/);
    expect(webConfig(settingsWith({ consentManagement: [custom('and'), custom('and')] }))).toBeUndefined();
  });

  test('a browser cannot tell the page from Flutter, so the settings of both hold', () => {
    const expected = configFor({ consentManagement: [custom('and')] });
    const same = { web: [custom('and')], flutter: [custom('')] };
    expect(configFor({ consentManagement: same })).toEqual(expected);
    expect(configFor({ consentManagement: { flutter: [custom('and')] } })).toEqual(expected);
    const halves = { consentManagement: { web: [custom('and')] }, ketchConsentPurposes: { flutter: purposes } };
    expect(configFor(halves)).toEqual(
      configFor({ consentManagement: [custom('and')], ketchConsentPurposes: purposes }),
    );
  });

  test.each<[string, JsonObject]>([
    ['strategies', { consentManagement: { web: [custom('and')], flutter: [custom('or')] } }],
    ['consents', { consentManagement: { web: [oneTrust], flutter: [{ ...oneTrust, consents: [{ consent: 'C2' }] }] } }],
    [
      'fewer consents',
      { consentManagement: { web: [ketch], flutter: [{ ...ketch, consents: [{ consent: 'ads' }] }] } },
    ],
    ['lists', { ketchConsentPurposes: { web: purposes, flutter: [{ purpose: 'analytics' }] } }],
    [
      'a rule and a list',
      { consentManagement: { web: [oneTrust] }, oneTrustCookieCategories: { flutter: categories } },
    ],
  ])('settings of the two that differ in their %s are refused', (_, config) => {
    const settings = settingsWith({ ...deviceMode, ...config });
    expect(() => webConfig(settings)).toThrow(ConfigurationError);
    expect(() => webConfig(settings)).toThrow(
      /^the consent settings of one provider are different [^\n]*, in DESTINATION_CONFIG$/,
    );
  });

  test.each<[JsonObject, string]>([
    [{ consentManagement: [{ ...ketch, provider: 'Ketch' }] }, 'consentManagement has the unknown provider "Ketch"'],
    [{ consentManagement: { web: [{ ...ketch, provider: '' }] } }, 'consentManagement has the unknown provider ""'],
    [{ consentManagement: { browser: [ketch] } }, 'consentManagement has the unknown source "browser"'],
    [{ oneTrustCookieCategories: { page: categories } }, 'oneTrustCookieCategories has the unknown source "page"'],
    [{ ketchConsentPurposes: { website: purposes } }, 'ketchConsentPurposes has the unknown source "website"'],
  ])('%j is refused, since a browser would not find the setting and track everybody', (config, problem) => {
    const settings = settingsWith({ ...deviceMode, ...config });
    expect(() => webConfig(settings)).toThrow(ConfigurationError);
    expect(() => webConfig(settings)).toThrow(new RegExp(`^${problem}[^\\n]*, in DESTINATION_CONFIG$`));
    expect(webConfig(settingsWith(config))).toBeUndefined();
  });

  /** What the SDK of version 3 does with a destination's settings, from what it was seen to do. */
  function isSentByBrowser(config: WebConfig, provider: string, allowed: readonly string[]): boolean {
    const rule = config.consentManagement.find((one) => one.provider === provider);
    if (rule === undefined) return true;
    const strategy =
      rule.resolutionStrategy ??
      RESOLUTION_STRATEGIES.find((one) => one.provider === provider)?.resolutionStrategy ??
      'and';
    const isAllowed = ({ consent }: { readonly consent: string }): boolean => allowed.includes(consent);
    return strategy === 'or' ? rule.consents.some(isAllowed) : rule.consents.every(isAllowed);
  }

  /** Undefined for settings of web and flutter that a browser cannot obey both. */
  function configUnlessRefused(config: JsonObject): WebConfig | undefined {
    try {
      return configFor(config);
    } catch (error) {
      if (error instanceof ConfigurationError && error.message.includes('for web and for flutter')) return undefined;
      throw error;
    }
  }

  const IDS = ['a', 'b', 'c'];
  const ids = fc.subarray(IDS);
  const strategies = fc.constantFrom('and', 'or', '', undefined);
  const rules = fc.uniqueArray(
    fc.record({
      provider: fc.constantFrom('oneTrust', 'ketch', 'iubenda', 'custom'),
      consents: ids.map((list) => list.map((consent) => ({ consent }))),
      resolutionStrategy: strategies,
    }),
    { selector: ({ provider }) => provider },
  );
  const perSource = <T>(list: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof(
      list,
      list.map((web) => ({ web })),
      list.map((web) => ({ web, ios: [] })),
      list.map((web) => ({ web, flutter: web })),
      list.map((flutter) => ({ flutter })),
    );

  test('whatever the settings are, the browser sends exactly what the forwarder would send in cloud mode', () => {
    const settings = fc.record({
      consentManagement: perSource(rules),
      oneTrustCookieCategories: perSource(
        ids.map((list) => list.map((oneTrustCookieCategory) => ({ oneTrustCookieCategory }))),
      ),
      ketchConsentPurposes: perSource(ids.map((list) => list.map((purpose) => ({ purpose })))),
    });
    const providers = fc.constantFrom('oneTrust', 'ketch', 'iubenda', 'custom');
    fc.assert(
      fc.property(settings, providers, ids, (config, provider, denied) => {
        const resolutionStrategy = RESOLUTION_STRATEGIES.find((one) => one.provider === provider)?.resolutionStrategy;
        const consentManagement = { deniedConsentIds: denied, provider, resolutionStrategy };
        const event = { type: 'track', event: 'A', channel: 'web', context: { consentManagement } };
        const inCloudMode = admit(event, settingsWith(config));
        const allowed = IDS.filter((id) => !denied.includes(id));
        const made = configUnlessRefused(config);
        fc.pre(made !== undefined);
        expect(isSentByBrowser(made, provider, allowed)).toBe(inCloudMode.kind === 'admitted');
      }),
    );
  });
});
