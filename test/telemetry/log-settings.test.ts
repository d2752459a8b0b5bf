import { readLogSettings } from '../../lib/telemetry/log-settings.ts';

test.each([
  [{}, { service: 'rudderstack-heap', level: 'INFO' }],
  [
    { SERVICE_NAME: 'stack', LOG_LEVEL: 'debug' },
    { service: 'stack', level: 'DEBUG' },
  ],
])('the log settings %j are %j', (environment, settings) => {
  expect(readLogSettings(environment)).toEqual(settings);
});

test('an unknown log level is refused, with those that there are', () => {
  expect(() => readLogSettings({ LOG_LEVEL: 'LOUD' })).toThrow('LOG_LEVEL has to be one of DEBUG, INFO, WARN, ERROR');
});
