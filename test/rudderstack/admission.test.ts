import { admit } from '../../lib/rudderstack/admission.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { RudderStackEvent } from '../../lib/rudderstack/event.ts';
import { settingsWith } from '../support/settings.ts';

function reasonFor(event: RudderStackEvent, config: JsonObject = {}): string {
  const admission = admit({ type: 'track', event: 'A', ...event }, settingsWith(config));
  return admission.kind === 'admitted' ? admission.type : admission.reason;
}

describe('integrations', () => {
  test.each<[string, unknown, boolean]>([
    ['absent', undefined, true],
    ['empty', {}, true],
    ['All true', { All: true }, true],
    ['All false', { All: false }, false],
    ['All as a string', { All: 'true' }, false],
    ['All null', { All: null }, false],
    ['All as a number, Heap wanted', { All: 1, 'Heap.io': true }, false],
    ['Heap wanted although All is false', { All: false, 'Heap.io': true }, true],
    ['Heap not wanted', { All: true, 'Heap.io': false }, false],
    ['options for Heap although All is false', { All: false, 'Heap.io': { a: 1 } }, true],
    ['a string for Heap counts as absent', { All: true, 'Heap.io': 'no' }, true],
    ['a list for Heap counts as absent', { All: false, 'Heap.io': [] }, false],
    ['null for Heap counts as absent', { All: true, 'Heap.io': null }, true],
    ['another name of Heap has no effect', { Heap: false, HEAP: false, heap: false, 'heap.io': false }, true],
    ['other destinations have no effect', { Amplitude: false }, true],
    ['an empty list, as PHP writes an empty map', [], true],
    ['a list', ['Heap.io'], false],
    ['a string', 'All', false],
    ['null', null, true],
    ['a number', 1, false],
    ['false', false, false],
  ])('%s', (_, integrations, isWanted) => {
    const event = integrations === undefined ? {} : { integrations };
    expect(reasonFor(event)).toBe(isWanted ? 'track' : 'integrations');
  });
});

describe('type', () => {
  test.each<[unknown, string]>([
    ['track', 'track'],
    ['identify', 'identify'],
    ['Track', 'track'],
    [' IDENTIFY\n', 'identify'],
    ['page', 'unsupported_type'],
    ['Screen', 'unsupported_type'],
    ['group', 'unsupported_type'],
    ['alias', 'unsupported_type'],
    ['record', 'unsupported_type'],
    ['purchase', 'unknown_type'],
    ['', 'missing_type'],
    ['  ', 'missing_type'],
    [undefined, 'missing_type'],
    [null, 'missing_type'],
    [5, 'missing_type'],
    [['track'], 'missing_type'],
    [{}, 'missing_type'],
  ])('%j', (type, expected) => {
    expect(reasonFor({ type })).toBe(expected);
  });

  const own = { pageEvents: true, screenEvents: true, groupAccounts: true };
  const denied = { context: { consentManagement: { deniedConsentIds: ['c'] } } };
  const fromWebSdk = { channel: 'web', context: { library: { name: 'RudderLabs JavaScript SDK' } } };
  test.each<[string, RudderStackEvent, JsonObject, string]>([
    ['a page that the owner asks for', { type: 'page' }, own, 'page'],
    ['a screen that the owner asks for', { type: 'Screen ' }, own, 'screen'],
    ['a screen with pages alone', { type: 'screen' }, { pageEvents: true }, 'unsupported_type'],
    ['a group that the owner asks for', { type: 'group' }, own, 'group'],
    ['a group with pages alone', { type: 'group' }, { pageEvents: true }, 'unsupported_type'],
    [
      'a group of a browser in device mode, which sends no groups to Heap',
      { type: 'group', ...fromWebSdk },
      { ...own, useNativeSDK: { web: true } },
      'group',
    ],
    ['an alias', { type: 'alias' }, own, 'unsupported_type'],
    ['a page without Heap', { type: 'page', integrations: { 'Heap.io': false } }, own, 'integrations'],
    [
      'a page without consent',
      { type: 'page', ...denied },
      { ...own, oneTrustCookieCategories: [{ oneTrustCookieCategory: 'c' }] },
      'consent',
    ],
    [
      'a page of a browser in device mode',
      { type: 'page', ...fromWebSdk },
      { ...own, useNativeSDK: { web: true } },
      'device_mode',
    ],
    [
      'a page, with a list that denies its name in Heap',
      { type: 'page', event: 'Page viewed' },
      {
        ...own,
        eventFilteringScope: 'all',
        eventFilteringOption: 'blacklistedEvents',
        blacklistedEvents: [{ eventName: 'Page viewed' }],
      },
      'page',
    ],
    [
      'a page, with an empty allow list',
      { type: 'page' },
      { ...own, eventFilteringScope: 'all', eventFilteringOption: 'whitelistedEvents' },
      'page',
    ],
  ])('%s', (_, event, config, expected) => {
    expect(reasonFor(event, config)).toBe(expected);
  });

  test("that is refused is refused in RudderStack's own words", () => {
    expect(admit({}, settingsWith())).toEqual({
      kind: 'rejected',
      reason: 'missing_type',
      detail: 'message Type is not present. Aborting message.',
    });
    expect(admit({ type: 'purchase' }, settingsWith())).toMatchObject({
      detail: 'message type purchase is not supported',
    });
  });
});

describe('event filtering', () => {
  const list = [{ eventName: ' Order Completed ' }, { eventName: '' }];
  const eventFilteringScope = 'all';
  const deny = { eventFilteringScope, eventFilteringOption: 'blacklistedEvents', blacklistedEvents: list };
  const allow = { eventFilteringScope, eventFilteringOption: 'whitelistedEvents', whitelistedEvents: list };
  test.each<[string, JsonObject, JsonObject, string]>([
    ['off', { ...deny, eventFilteringOption: 'disable' }, { event: 'Order Completed' }, 'track'],
    ['denied', deny, { event: 'Order Completed  ' }, 'event_blacklisted'],
    ['denied in another case', deny, { event: 'order completed' }, 'track'],
    ['not on the deny list', deny, { event: 'B' }, 'track'],
    ['no name, deny list', deny, { event: '' }, 'track'],
    ['a number for a name, deny list', deny, { event: 5 }, 'track'],
    ['allowed', allow, { event: 'Order Completed' }, 'track'],
    ['not on the allow list', allow, { event: 'B' }, 'event_not_whitelisted'],
    ['no name, allow list', allow, { event: null }, 'event_not_whitelisted'],
    ['an empty allow list', { ...allow, whitelistedEvents: [] }, { event: 'A' }, 'event_not_whitelisted'],
    ['identify is not filtered by name', allow, { type: 'identify', event: 'identify' }, 'identify'],
  ])('%s', (_, config, event, expected) => {
    expect(reasonFor(event, config)).toBe(expected);
  });

  const WEB_SDK = { channel: 'web', context: { library: { name: 'RudderLabs JavaScript SDK' } } };
  const listed = { event: 'Order Completed' };
  const device = { useNativeSDK: { web: true } };
  test.each<[string, JsonObject, RudderStackEvent, string]>([
    ['a server event on the deny list', deny, { ...listed, channel: 'server' }, 'track'],
    ['a server event that is not on the allow list', allow, { event: 'B', channel: 'server' }, 'track'],
    ['a mobile event', allow, { event: 'B', channel: 'mobile' }, 'track'],
    ['a warehouse event', allow, { event: 'B', channel: 'sources' }, 'track'],
    ['an event of nobody known', allow, { event: 'B' }, 'track'],
    ['the Web SDK in cloud mode', deny, { ...listed, ...WEB_SDK }, 'track'],
    [
      'the Web SDK in device mode, where the browser obeys the list',
      { ...deny, ...device },
      { ...listed, ...WEB_SDK },
      'event_blacklisted',
    ],
    [
      'a lite build of the Web SDK, which obeys no list',
      { ...deny, ...device },
      { ...listed, ...WEB_SDK, context: { library: { name: 'RudderLabs JavaScript SDK', variant: 'lite' } } },
      'track',
    ],
    ['a server event beside device mode', { ...deny, ...device }, { ...listed, channel: 'server' }, 'track'],
  ])('counts for device mode alone, unless the owner says otherwise: %s', (_, config, event, expected) => {
    for (const scope of [{ eventFilteringScope: undefined }, { eventFilteringScope: 'deviceMode' }]) {
      expect(reasonFor(event, { ...config, ...scope })).toBe(expected);
    }
    const isAllowList = config['eventFilteringOption'] === 'whitelistedEvents';
    const reason = isAllowList ? 'event_not_whitelisted' : 'event_blacklisted';
    expect(reasonFor(event, { ...config, eventFilteringScope: 'all' })).toBe(reason);
  });
});

describe('consent', () => {
  const custom = (resolutionStrategy: string) => [
    { provider: 'custom', consents: [{ consent: 'c1' }, { consent: 'c2' }], resolutionStrategy },
  ];
  const oneTrust = [{ provider: 'oneTrust', consents: [{ consent: 'c1' }, { consent: 'c2' }] }];
  const ketch = [{ ...oneTrust[0], provider: 'ketch' }];
  const legacyOneTrust = [{ oneTrustCookieCategory: 'c1' }, { oneTrustCookieCategory: 'c2' }];
  const legacyKetch = [{ purpose: 'c1' }, { purpose: 'c2' }];
  const denied = (deniedConsentIds: unknown, provider = 'custom', resolutionStrategy = ''): JsonObject => ({
    consentManagement: { deniedConsentIds, provider, resolutionStrategy },
  });
  test.each<[string, JsonObject, JsonObject, boolean]>([
    ['nothing is denied', { consentManagement: custom('and') }, denied([]), false],
    ['empty ids do not count', { consentManagement: custom('and') }, denied(['', '']), false],
    ['the denied consent is not required', { consentManagement: custom('and') }, denied(['c9']), false],
    ['one of two is denied, and', { consentManagement: custom('and') }, denied(['c1']), true],
    ['one of two is denied, or', { consentManagement: custom('or') }, denied(['c1']), false],
    ['both are denied, or', { consentManagement: custom('or') }, denied(['c2', 'c1']), true],
    ['ids are compared with case', { consentManagement: custom('and') }, denied(['C1']), false],
    [
      'custom goes by the destination’s strategy',
      { consentManagement: custom('or') },
      denied(['c1'], 'custom', 'and'),
      false,
    ],
    ['others go by the event’s strategy', { consentManagement: oneTrust }, denied(['c1'], 'oneTrust', 'or'), false],
    ['another provider does not match', { consentManagement: custom('and') }, denied(['c1'], 'iubenda'), false],
    [
      'the generic rule wins over the legacy one',
      { consentManagement: oneTrust, oneTrustCookieCategories: [{ oneTrustCookieCategory: 'c9' }] },
      denied(['c9'], 'oneTrust'),
      false,
    ],
    ['legacy OneTrust: any category', { oneTrustCookieCategories: legacyOneTrust }, denied(['c2'], 'oneTrust'), true],
    ['legacy OneTrust without a provider', { oneTrustCookieCategories: legacyOneTrust }, denied(['c2'], ''), true],
    [
      'legacy OneTrust for another provider',
      { oneTrustCookieCategories: legacyOneTrust },
      denied(['c2'], 'ketch'),
      false,
    ],
    ['legacy Ketch: one purpose', { ketchConsentPurposes: legacyKetch }, denied(['c1'], 'ketch'), false],
    ['legacy Ketch: every purpose', { ketchConsentPurposes: legacyKetch }, denied(['c1', 'c2'], 'ketch'), true],
    ['the event has no consent', { consentManagement: custom('and') }, {}, false],
    ['the denied ids are not a list', { consentManagement: custom('and') }, denied('c1'), false],
    ['nothing is configured', {}, denied(['c1']), false],
    ['no provider, a rule of one', { consentManagement: oneTrust }, denied(['c1'], ''), true],
    [
      'no provider, null',
      { consentManagement: oneTrust },
      { consentManagement: { deniedConsentIds: ['c1'], provider: null } },
      true,
    ],
    ['a blank provider', { consentManagement: oneTrust }, denied(['c1'], ' '), true],
    ['no provider, another consent', { consentManagement: oneTrust }, denied(['c9'], ''), false],
    ['no provider, a strategy of the event', { consentManagement: oneTrust }, denied(['c1'], '', 'or'), false],
    ['no provider, one of two of Ketch', { consentManagement: ketch }, denied(['c1'], ''), false],
    ['no provider, both of Ketch', { consentManagement: ketch }, denied(['c2', 'c1'], ''), true],
    [
      'no provider, one of two of Ketch, and the event says and',
      { consentManagement: ketch },
      denied(['c1'], '', 'and'),
      true,
    ],
    ['no provider, a custom rule’s own strategy', { consentManagement: custom('or') }, denied(['c1'], ''), false],
    [
      'no provider, every consent of a custom rule',
      { consentManagement: custom('or') },
      denied(['c1', 'c2'], ''),
      true,
    ],
    ['no provider, one of two rules', { consentManagement: [...custom('or'), ...oneTrust] }, denied(['c1'], ''), true],
    [
      'no provider, a rule that does not deny beside a legacy list that does',
      { consentManagement: custom('and'), oneTrustCookieCategories: [{ oneTrustCookieCategory: 'c9' }] },
      denied(['c9'], ''),
      true,
    ],
    [
      'no provider, both legacy lists, of which Ketch’s denies',
      { oneTrustCookieCategories: [{ oneTrustCookieCategory: 'c9' }], ketchConsentPurposes: legacyKetch },
      denied(['c1', 'c2'], ''),
      true,
    ],
  ])('%s', (_, config, context, isDenied) => {
    expect(reasonFor({ context }, config)).toBe(isDenied ? 'consent' : 'track');
  });

  describe('set separately for each source', () => {
    const config = { consentManagement: { web: custom('and'), androidKotlin: [] } };
    test.each<[string, RudderStackEvent, boolean]>([
      ['the rule of the event’s own source counts', { channel: 'web' }, true],
      ['the rule of another source does not', { channel: 'server' }, false],
      ['nor does an empty rule', { context: { library: { name: 'com.rudderstack.sdk.kotlin.android' } } }, false],
      [
        'nor for AMP, whose events have the channel of the web',
        { channel: 'web', context: { library: { name: 'Rudderstack AMP SDK' } } },
        false,
      ],
      ['an event of an unknown source may be of any', {}, true],
    ])('%s', (_, event, isDenied) => {
      const context = { ...denied(['c1']), ...(typeof event.context === 'object' ? event.context : {}) };
      expect(reasonFor({ ...event, context }, config)).toBe(isDenied ? 'consent' : 'track');
    });

    const WEB_SDK = 'RudderLabs JavaScript SDK';
    test.each<[string, RudderStackEvent, string, boolean]>([
      ['the channel web may be the page itself', { channel: 'web' }, 'web', true],
      ['or Flutter', { channel: 'web' }, 'flutter', true],
      ['the Web SDK may be called by Flutter', { context: { library: { name: WEB_SDK } } }, 'flutter', true],
      ['with its name in blanks', { context: { library: { name: ` ${WEB_SDK} ` } } }, 'flutter', true],
      ['but not by React Native', { channel: 'web', context: { library: { name: WEB_SDK } } }, 'reactnative', false],
      [
        'a pixel on a page or in an e-mail',
        { channel: 'web', context: { library: { name: 'pixel' } } },
        'flutter',
        true,
      ],
      [
        'AMP has no Flutter',
        { channel: 'web', context: { library: { name: 'Rudderstack AMP SDK' } } },
        'flutter',
        false,
      ],
      [
        'AMP is a source of its own',
        { channel: 'web', context: { library: { name: 'Rudderstack AMP SDK' } } },
        'amp',
        true,
      ],
    ])('%s', (_, event, source, isDenied) => {
      const context = { ...denied(['c1']), ...(typeof event.context === 'object' ? event.context : {}) };
      const result = reasonFor({ ...event, context }, { consentManagement: { [source]: custom('and') } });
      expect(result).toBe(isDenied ? 'consent' : 'track');
    });

    test('each source is asked by itself: half of the purposes of two sources are all of one', () => {
      const context = denied(['ads'], 'ketch');
      const ketchConsentPurposes = { web: [{ purpose: 'ads' }], flutter: [{ purpose: 'analytics' }] };
      expect(reasonFor({ channel: 'web', context }, { ketchConsentPurposes })).toBe('consent');
    });

    test('a rule for web hides the legacy list for every source, unless a setting names flutter', () => {
      const settings = {
        consentManagement: { web: oneTrust },
        oneTrustCookieCategories: [{ oneTrustCookieCategory: 'c9' }],
      };
      const event = { channel: 'web', context: denied(['c9'], 'oneTrust') };
      expect(reasonFor(event, settings)).toBe('track');
      expect(reasonFor(event, { ...settings, consentManagement: { web: oneTrust, flutter: [] } })).toBe('consent');
    });

    test('a rule of one source does not hide the legacy list of another', () => {
      const context = denied(['c9'], 'oneTrust');
      const oneTrustCookieCategories = { flutter: [{ oneTrustCookieCategory: 'c9' }] };
      const both = { consentManagement: { web: oneTrust }, oneTrustCookieCategories };
      expect(reasonFor({ channel: 'web', context }, both)).toBe('consent');
    });

    test('a library that several SDKs share counts for each of them', () => {
      const context = { ...denied(['c1']), library: { name: 'rudder-ios-library' } };
      expect(reasonFor({ context }, { consentManagement: { flutter: custom('and') } })).toBe('consent');
    });
  });
});

describe('device mode', () => {
  test.each<[string, JsonObject, JsonObject, string]>([
    ['the Web SDK sends to Heap itself', { useNativeSDK: { web: true } }, { channel: 'web' }, 'device_mode'],
    ['so it does by its connection mode', { connectionMode: { web: 'device' } }, { channel: 'web' }, 'device_mode'],
    ['the setting as one value for all sources', { useNativeSDK: true }, { channel: 'web' }, 'device_mode'],
    ['other channels are not affected', { useNativeSDK: { web: true } }, { channel: 'mobile' }, 'track'],
    ['cloud mode', { useNativeSDK: { web: false }, connectionMode: { web: 'cloud' } }, { channel: 'web' }, 'track'],
    ['another source in device mode', { useNativeSDK: { ios: true } }, { channel: 'web' }, 'track'],
  ])('%s', (_, config, event, expected) => {
    expect(reasonFor(event, config)).toBe(expected);
  });

  const WEB_SDK = 'RudderLabs JavaScript SDK';
  test.each<[string, JsonObject, string]>([
    ['version 2', { name: WEB_SDK, version: '2.52.21' }, 'device_mode'],
    ['version 3 before 3.29', { name: WEB_SDK, version: '3.5.1' }, 'device_mode'],
    ['a bundled build', { name: WEB_SDK, version: '3.34.1', variant: 'bundled' }, 'device_mode'],
    ['a legacy build', { name: WEB_SDK, variant: 'legacy' }, 'device_mode'],
    ['a build for content scripts', { name: WEB_SDK, variant: 'content-script' }, 'device_mode'],
    ['a lite build, which has no device mode', { name: WEB_SDK, variant: 'lite' }, 'track'],
    ['a legacy lite build', { name: WEB_SDK, variant: 'legacy-lite' }, 'track'],
    ['AMP', { name: 'Rudderstack AMP SDK' }, 'track'],
    ['the endpoint’s pixel', { name: 'pixel' }, 'track'],
    ['a library without a name', {}, 'device_mode'],
    ['a library whose name is not a string', { name: 5, variant: 5 }, 'device_mode'],
  ])('the library decides whether the browser has sent the event: %s', (_, library, expected) => {
    const event = { channel: 'web', context: { library } };
    expect(reasonFor(event, { useNativeSDK: { web: true } })).toBe(expected);
    expect(reasonFor(event)).toBe('track');
  });
});

test('the first rule that excludes an event gives the reason', () => {
  const config = {
    eventFilteringOption: 'blacklistedEvents',
    blacklistedEvents: [{ eventName: 'A' }],
    oneTrustCookieCategories: [{ oneTrustCookieCategory: 'c' }],
    useNativeSDK: { web: true },
  };
  const context = { consentManagement: { deniedConsentIds: ['c'] } };
  const channel = 'web';
  expect(reasonFor({ integrations: 'none', type: 'page', context, channel }, config)).toBe('integrations');
  expect(reasonFor({ type: 'page', context, channel }, config)).toBe('unsupported_type');
  expect(reasonFor({ context, channel }, config)).toBe('event_blacklisted');
  expect(reasonFor({ event: 'B', context, channel }, config)).toBe('consent');
  expect(reasonFor({ event: 'B', channel }, config)).toBe('device_mode');
});
