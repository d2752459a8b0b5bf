import fc from 'fast-check';
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
    screenEvents: true,
    anonymousEvents: 'drop',
    groupAccounts: true,
    accountIdProperty: ' Account ID ',
    somethingNew: true,
  });
  expect(settings).toEqual({
    appId: { kind: 'fixed', id: '3138X54182' },
    dataResidency: 'eu',
    eventFiltering: { option: 'whitelistedEvents', eventNames: new Set(['A']), scope: 'deviceMode' },
    idempotencyKey: 'messageId',
    placeholderIds: new Set(['nobody', '7']),
    anonymousEvents: 'drop',
    accountIdProperty: 'Account ID',
    moreTypes: ['screen', 'group'],
    isWebDeviceMode: false,
    consent: {
      consentManagement: {
        kind: 'by_source',
        settings: new Map([['web', [{ provider: 'custom', consents: ['c1'], resolutionStrategy: 'or' }]]]),
      },
      oneTrustCookieCategories: { kind: 'by_source', settings: new Map([['web', ['C2']]]) },
      ketchConsentPurposes: { kind: 'every_source', setting: [] },
    },
    unknownKeys: ['somethingNew'],
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
  [{}, 'appId is required (the id of a Heap environment, as a string), in DESTINATION_CONFIG'],
  [{ appId: null }, 'appId is required (the id of a Heap environment, as a string), in DESTINATION_CONFIG'],
  [{ appId: '1', idempotencyKey: 'none' }, 'idempotencyKey has to be "content" or "messageId", in DESTINATION_CONFIG'],
  [{ appId: '1', placeholderIds: 'x' }, 'placeholderIds has to be a list of ids, in DESTINATION_CONFIG'],
  [{ appId: '1', placeholderIds: [null] }, 'placeholderIds.0 has to be a string, in DESTINATION_CONFIG'],
  [{ appId: '1', pageEvents: 'true' }, 'pageEvents has to be true or false, in DESTINATION_CONFIG'],
  [{ appId: '1', screenEvents: { web: true } }, 'screenEvents has to be true or false, in DESTINATION_CONFIG'],
  [{ appId: '1', anonymousEvents: 'keep' }, 'anonymousEvents has to be "identity" or "drop", in DESTINATION_CONFIG'],
  [{ appId: '1', groupAccounts: 1 }, 'groupAccounts has to be true or false, in DESTINATION_CONFIG'],
  [{ appId: '1', accountIdProperty: 'a' }, 'accountIdProperty needs "groupAccounts": true, in DESTINATION_CONFIG'],
  ...['id', 'ID', 'user_id', 'x'.repeat(513)].map((accountIdProperty): [unknown, string] => [
    { appId: '1', groupAccounts: true, accountIdProperty },
    'accountIdProperty is a name that Heap does not take, in DESTINATION_CONFIG',
  ]),
  [
    { appId: '1', groupAccounts: true, accountIdProperty: ['a'] },
    'accountIdProperty has to be a string, in DESTINATION_CONFIG',
  ],
  [{ appId: '1', dataResidency: 'mars' }, 'dataResidency has to be "us" or "eu", in DESTINATION_CONFIG'],
  [
    { appId: '1', eventFilteringOption: 'off' },
    'eventFilteringOption has to be "disable", "blacklistedEvents" or "whitelistedEvents", in DESTINATION_CONFIG',
  ],
  [
    { appId: '1', eventFilteringScope: 'web' },
    'eventFilteringScope has to be "deviceMode" or "all", in DESTINATION_CONFIG',
  ],
  [{ appId: '1', blacklistedEvents: 'A' }, 'blacklistedEvents has to be a list, in DESTINATION_CONFIG'],
  [
    { appId: '1', whitelistedEvents: [{ eventName: 5 }] },
    'whitelistedEvents.0.eventName has to be a string, in DESTINATION_CONFIG',
  ],
  [{ appId: '1', useNativeSDK: 'yes' }, 'useNativeSDK has to be true, false or {"web": true}, in DESTINATION_CONFIG'],
  [
    { appId: '1', consentManagement: [{ provider: 'ketch', consents: [{ Consent: 'ads' }] }] },
    'consentManagement.0.consents.0 has to be an object {"consent": …}, in DESTINATION_CONFIG',
  ],
  [
    { appId: '1', ketchConsentPurposes: { web: [{ category: 'ads' }] } },
    'ketchConsentPurposes.web.0 has to be an object {"purpose": …}, in DESTINATION_CONFIG',
  ],
  [
    { appId: '1', oneTrustCookieCategories: [{}] },
    'oneTrustCookieCategories.0 has to be an object {"oneTrustCookieCategory": …}, in DESTINATION_CONFIG',
  ],
  [
    { appId: '1', consentManagement: 5 },
    'consentManagement has to be a list, or an object with a list for each source, in DESTINATION_CONFIG',
  ],
  [
    { appId: '', dataResidency: 5 },
    'appId is required (the id of a Heap environment, as a string); dataResidency has to be "us" or "eu", in DESTINATION_CONFIG',
  ],
  [
    { appId: '{{ message.context.app || "1" }}', useNativeSDK: { web: true } },
    'appId cannot be sent to a browser, since each event has its own: give a fixed id, or turn device mode off, in DESTINATION_CONFIG',
  ],
  [[], 'DESTINATION_CONFIG has to be a JSON object'],
  ['x', 'DESTINATION_CONFIG has to be a JSON object'],
])('%j is refused: %s', (config, message) => {
  expect(() => readSettings(config)).toThrow(new ConfigurationError(message));
});

describe('keys that are not known', () => {
  test.each<[object, string]>([
    [{ dataResidancy: 'eu' }, 'dataResidancy is not known (did you mean dataResidency?)'],
    [{ dataresidency: 'eu' }, 'dataresidency is not known (did you mean dataResidency?)'],
    [{ data_residency: 'eu' }, 'data_residency is not known (did you mean dataResidency?)'],
    [{ 'Data Residency': 'eu' }, '"Data Residency" is not known (did you mean dataResidency?)'],
    [{ HeapDataResidency: 'eu' }, 'HeapDataResidency is not known (did you mean dataResidency?)'],
    [{ dataRseidenyc: 'eu' }, 'dataRseidenyc is not known (did you mean dataResidency?)'],
    [{ 'data\nResidency': 'eu' }, String.raw`"data\nResidency" is not known (did you mean dataResidency?)`],
    [{ appID: '1' }, 'appID is not known (did you mean appId?)'],
    [{ appIds: ['1'] }, 'appIds is not known (did you mean appId?)'],
    [{ blackListedEvent: [] }, 'blackListedEvent is not known (did you mean blacklistedEvents?)'],
    [{ groupAccount: true }, 'groupAccount is not known (did you mean groupAccounts?)'],
    [{ pageEvent: true }, 'pageEvent is not known (did you mean pageEvents?)'],
    [{ placeholderId: ['x'] }, 'placeholderId is not known (did you mean placeholderIds?)'],
    [{ useNativeSdk: true }, 'useNativeSdk is not known (did you mean useNativeSDK?)'],
    [{ useNativeSDK: { Web: true } }, 'useNativeSDK.Web is not known (did you mean web?)'],
    [{ connectionMode: { wbe: 'device' } }, 'connectionMode.wbe is not known (did you mean web?)'],
    [
      { consentManagement: { 'react-native': [] } },
      'consentManagement.react-native is not known (did you mean reactnative?)',
    ],
    [{ oneTrustCookieCategories: { webs: [] } }, 'oneTrustCookieCategories.webs is not known (did you mean web?)'],
    [
      { consentManagement: { web: [{ consent: [{ consent: 'ads' }] }] } },
      'consentManagement.web.0.consent is not known (did you mean consents?)',
    ],
    [
      { consentManagement: [{ providers: 'custom' }, { resolutionstrategy: 'or' }] },
      'consentManagement.0.providers is not known (did you mean provider?); ' +
        'consentManagement.1.resolutionstrategy is not known (did you mean resolutionStrategy?)',
    ],
  ])('%j is refused, because the setting would not count', (config, problem) => {
    expect(() => readSettings({ appId: '1', ...config }, 'settings.json')).toThrow(
      new ConfigurationError(`${problem}, in settings.json`),
    );
  });

  test.each<[object, readonly string[]]>([
    [{ eventDelivery: true, eventDeliveryTS: 1 }, ['eventDelivery', 'eventDeliveryTS']],
    [{ connectionMode: { roku: 'cloud' } }, ['connectionMode.roku']],
    [{ consentManagement: { web: [{ provider: 'ketch', note: '' }] } }, ['consentManagement.web.0.note']],
    [{ useNativeSDK: true, connectionMode: 'cloud', whitelistedEvents: [{ eventName: 'a', web: 1 }] }, []],
    [{ useNativeSDK: { web: true, android: false }, connectionMode: { iosSwift: 'cloud' } }, []],
    [{ '': 1, constructor: 1, toString: 1, heap: 1 }, ['""', 'constructor', 'toString', 'heap']],
  ])('%j is accepted, and what is not close to a known key is named', (config, unknownKeys) => {
    expect(readSettings({ appId: '1', ...config }).unknownKeys).toEqual(unknownKeys);
  });

  test('one edit of a key is refused, wherever it is', () => {
    const keys = ['dataResidency', 'eventFilteringOption', 'whitelistedEvents', 'consentManagement', 'placeholderIds'];
    const letter = fc.constantFrom('a', 'b', 'X', 'Y', '_', '-', ' ', '1');
    const edit = fc.tuple(
      fc.constantFrom(...keys),
      fc.nat(),
      letter,
      fc.constantFrom('replace', 'add', 'remove', 'swap'),
    );
    fc.assert(
      fc.property(edit, ([key, place, other, kind]) => {
        const at = place % key.length;
        const swapped = `${key[at + 1] ?? ''}${key[at] ?? ''}`;
        const middle = { replace: other, add: `${other}${key[at] ?? ''}`, remove: '', swap: swapped }[kind] ?? '';
        const edited = `${key.slice(0, at)}${middle}${key.slice(at + (kind === 'swap' ? 2 : 1))}`;
        fc.pre(edited !== key);
        expect(() => readSettings({ appId: '1', [edited]: 'x' })).toThrow(`(did you mean ${key}?)`);
      }),
    );
  });
});

test.each<[object]>([
  [{ config: { appId: '7' } }],
  [{ ID: 'd', Config: { appId: '7' }, DestinationDefinition: { Name: 'HEAP' } }],
  [{ destination: { id: 'd', config: { appId: '7' } } }],
])('%j, a destination as RudderStack exports it, is taken', (document) => {
  expect(readSettings(document)).toMatchObject({ appId: { id: '7' }, unknownKeys: [] });
});

test('the own appId of a document comes before what is inside of it', () => {
  expect(readSettings({ appId: '1', config: { appId: '2' } })).toMatchObject({
    appId: { id: '1' },
    unknownKeys: ['config'],
  });
});
