import {
  ConfigurationError,
  readLogSettings,
  readRuntime,
  readSettings,
  readSettingsFromEnvironment,
} from '../lib/config.ts';

test('a whole Config as RudderStack shows it can be pasted', () => {
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
    somethingNew: true,
  });
  expect(settings).toEqual({
    appId: { kind: 'fixed', id: '3138X54182' },
    dataResidency: 'eu',
    eventFiltering: { option: 'whitelistedEvents', eventNames: new Set(['A']) },
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

test.each<[unknown, string]>([
  [{}, 'DESTINATION_CONFIG.appId is required: the id of a Heap environment, as a text'],
  [{ appId: null }, 'DESTINATION_CONFIG.appId is required: the id of a Heap environment, as a text'],
  [{ appId: '1', dataResidency: 'mars' }, 'DESTINATION_CONFIG.dataResidency has to be "us" or "eu"'],
  [
    { appId: '1', eventFilteringOption: 'off' },
    'DESTINATION_CONFIG.eventFilteringOption has to be "disable", "blacklistedEvents" or "whitelistedEvents"',
  ],
  [{ appId: '1', blacklistedEvents: 'A' }, 'DESTINATION_CONFIG.blacklistedEvents has to be a list'],
  [
    { appId: '1', whitelistedEvents: [{ eventName: 5 }] },
    'DESTINATION_CONFIG.whitelistedEvents.0.eventName has to be a text',
  ],
  [{ appId: '1', useNativeSDK: 'yes' }, 'DESTINATION_CONFIG.useNativeSDK has to be true, false or {"web": true}'],
  [
    { appId: '1', consentManagement: 5 },
    'DESTINATION_CONFIG.consentManagement has to be a list, or an object with a list for each source',
  ],
  [
    { appId: '', dataResidency: 5 },
    'DESTINATION_CONFIG.appId is required: the id of a Heap environment, as a text; DESTINATION_CONFIG.dataResidency has to be "us" or "eu"',
  ],
  [[], 'DESTINATION_CONFIG has to be a JSON object'],
  ['x', 'DESTINATION_CONFIG has to be a JSON object'],
])('%j is refused with one line that names the key', (config, message) => {
  expect(() => readSettings(config)).toThrow(new ConfigurationError(message));
});

test.each([
  [{}, 'DESTINATION_CONFIG is missing: the settings as JSON, for example {"appId":"1234567890"}'],
  [{ DESTINATION_CONFIG: '{' }, 'DESTINATION_CONFIG is no JSON'],
])('the variable %j', (environment, message) => {
  expect(() => readSettingsFromEnvironment(environment)).toThrow(message);
});

describe('how the function runs', () => {
  const urls = { QUEUE_URL: 'https://sqs/q', DEAD_LETTER_QUEUE_URL: 'https://sqs/d' };

  test('has defaults', () => {
    expect(readRuntime({ ...urls, MAX_RECEIVE_COUNT: '', HEAP_BASE_URL: '' })).toEqual({
      queueUrl: 'https://sqs/q',
      deadLetterQueueUrl: 'https://sqs/d',
      maxReceiveCount: 50,
      maximumConcurrency: 2,
      heapBaseUrl: undefined,
    });
  });

  test.each([
    [{ ...urls, QUEUE_URL: undefined }, 'QUEUE_URL is missing: an http or https URL'],
    [{ ...urls, DEAD_LETTER_QUEUE_URL: 'queue' }, 'DEAD_LETTER_QUEUE_URL is no http or https URL'],
    [{ ...urls, MAX_RECEIVE_COUNT: '0' }, 'MAX_RECEIVE_COUNT has to be a whole number from 1 to 1000'],
    [{ ...urls, MAXIMUM_CONCURRENCY: 'two' }, 'MAXIMUM_CONCURRENCY has to be a whole number from 1 to 1000'],
    [{ ...urls, HEAP_BASE_URL: 'ftp://heap' }, 'HEAP_BASE_URL is no http or https URL'],
  ])('%j is refused', (environment, message) => {
    expect(() => readRuntime(environment)).toThrow(new ConfigurationError(message));
  });

  test('Heap’s URL loses its last slash', () => {
    expect(readRuntime({ ...urls, HEAP_BASE_URL: 'http://127.0.0.1:1/x/' })).toMatchObject({
      heapBaseUrl: 'http://127.0.0.1:1/x',
    });
  });
});

test.each([
  [{}, { service: 'rudderstack-heap', level: 'INFO' }],
  [
    { SERVICE_NAME: 'stack', LOG_LEVEL: 'debug' },
    { service: 'stack', level: 'DEBUG' },
  ],
])('the log settings %j are %j', (environment, settings) => {
  expect(readLogSettings(environment)).toEqual(settings);
});

test('a log level that is none is named', () => {
  expect(() => readLogSettings({ LOG_LEVEL: 'LOUD' })).toThrow('LOG_LEVEL has to be one of DEBUG, INFO, WARN, ERROR');
});
