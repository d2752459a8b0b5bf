import { ConfigurationError } from '../../lib/configuration-error.ts';
import { readSettings } from '../../lib/rudderstack/settings.ts';

test('a whole Config can be pasted as RudderStack shows it', () => {
  const settings = readSettings({
    appId: '3138X54182',
    dataResidency: 'EU',
    useNativeSDK: { web: false },
    connectionMode: { web: 'cloud', android: 'cloud' },
    eventFilteringOption: 'whitelistedEvents',
    whitelistedEvents: [{ eventName: ' A ' }, { eventName: '' }],
    blacklistedEvents: [{ eventName: '' }],
    oneTrustCookieCategories: { web: [{ oneTrustCookieCategory: 'C2' }] },
    ketchConsentPurposes: [{ purpose: '' }],
    consentManagement: { web: [{ provider: 'custom', consents: [{ consent: 'c1' }], resolutionStrategy: 'or' }] },
    idempotencyKey: 'messageId',
    placeholderIds: [' "Nobody" ', 7],
    somethingNew: true,
  });
  expect(settings).toEqual({
    appId: { kind: 'fixed', id: '3138X54182' },
    dataResidency: 'eu',
    eventFiltering: { option: 'whitelistedEvents', eventNames: new Set(['A']), scope: 'deviceMode' },
    idempotencyKey: 'messageId',
    placeholderIds: new Set(['nobody', '7']),
    isWebDeviceMode: false,
    consent: {
      consentManagement: {
        kind: 'by_source',
        settings: new Map([['web', [{ provider: 'custom', consents: ['c1'], resolutionStrategy: 'or' }]]]),
      },
      oneTrustCookieCategories: { kind: 'by_source', settings: new Map([['web', ['C2']]]) },
      ketchConsentPurposes: { kind: 'every_source', setting: [] },
    },
  });
});

test('an app id is enough', () => {
  expect(readSettings({ appId: '1' })).toMatchObject({ dataResidency: 'us', eventFiltering: { option: 'disable' } });
});

test.each([
  [undefined, 'deviceMode'],
  [null, 'deviceMode'],
  ['deviceMode', 'deviceMode'],
  ['all', 'all'],
])('eventFilteringScope %j means %s', (eventFilteringScope, scope) => {
  expect(readSettings({ appId: '1', eventFilteringScope }).eventFiltering.scope).toBe(scope);
});

test.each<[unknown, string]>([
  [{}, 'DESTINATION_CONFIG.appId is required: the id of a Heap environment, as a string'],
  [{ appId: null }, 'DESTINATION_CONFIG.appId is required: the id of a Heap environment, as a string'],
  [{ appId: '1', idempotencyKey: 'none' }, 'DESTINATION_CONFIG.idempotencyKey has to be "content" or "messageId"'],
  [{ appId: '1', placeholderIds: 'x' }, 'DESTINATION_CONFIG.placeholderIds has to be a list of ids'],
  [{ appId: '1', placeholderIds: [null] }, 'DESTINATION_CONFIG.placeholderIds.0 has to be a string'],
  [{ appId: '1', dataResidency: 'mars' }, 'DESTINATION_CONFIG.dataResidency has to be "us" or "eu"'],
  [
    { appId: '1', eventFilteringOption: 'off' },
    'DESTINATION_CONFIG.eventFilteringOption has to be "disable", "blacklistedEvents" or "whitelistedEvents"',
  ],
  [
    { appId: '1', eventFilteringScope: 'web' },
    'DESTINATION_CONFIG.eventFilteringScope has to be "deviceMode" or "all"',
  ],
  [{ appId: '1', blacklistedEvents: 'A' }, 'DESTINATION_CONFIG.blacklistedEvents has to be a list'],
  [
    { appId: '1', whitelistedEvents: [{ eventName: 5 }] },
    'DESTINATION_CONFIG.whitelistedEvents.0.eventName has to be a string',
  ],
  [{ appId: '1', useNativeSDK: 'yes' }, 'DESTINATION_CONFIG.useNativeSDK has to be true, false or {"web": true}'],
  [
    { appId: '1', consentManagement: [{ provider: 'ketch', consents: [{ Consent: 'ads' }] }] },
    'DESTINATION_CONFIG.consentManagement.0.consents.0 has to be an object {"consent": …}',
  ],
  [
    { appId: '1', ketchConsentPurposes: { web: [{ category: 'ads' }] } },
    'DESTINATION_CONFIG.ketchConsentPurposes.web.0 has to be an object {"purpose": …}',
  ],
  [
    { appId: '1', oneTrustCookieCategories: [{}] },
    'DESTINATION_CONFIG.oneTrustCookieCategories.0 has to be an object {"oneTrustCookieCategory": …}',
  ],
  [
    { appId: '1', consentManagement: 5 },
    'DESTINATION_CONFIG.consentManagement has to be a list, or an object with a list for each source',
  ],
  [
    { appId: '', dataResidency: 5 },
    'DESTINATION_CONFIG.appId is required: the id of a Heap environment, as a string; DESTINATION_CONFIG.dataResidency has to be "us" or "eu"',
  ],
  [
    { appId: '{{ message.context.app || "1" }}', useNativeSDK: { web: true } },
    'DESTINATION_CONFIG.appId cannot be sent to a browser, since each event has its own: give a fixed id, or turn device mode off',
  ],
  [[], 'DESTINATION_CONFIG has to be a JSON object'],
  ['x', 'DESTINATION_CONFIG has to be a JSON object'],
])('%j is refused: %s', (config, message) => {
  expect(() => readSettings(config)).toThrow(new ConfigurationError(message));
});
