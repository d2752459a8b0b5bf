import { readSettingsFromEnvironment } from '../../lib/rudderstack/settings-from-environment.ts';

test.each([
  [{}, 'DESTINATION_CONFIG is missing: the settings as JSON, for example {"appId":"1234567890"}'],
  [{ DESTINATION_CONFIG: '{' }, 'DESTINATION_CONFIG is not valid JSON'],
])('the settings %j are refused: %s', (environment, message) => {
  expect(() => readSettingsFromEnvironment(environment)).toThrow(message);
});
