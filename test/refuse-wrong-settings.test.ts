import { ConfigurationError } from '../lib/configuration-error.ts';
import { refuseWrongSettings } from '../lib/refuse-wrong-settings.ts';

test('with good settings, the handler is the one that was created, once', async () => {
  let created = 0;
  const handler = refuseWrongSettings<string, string, string>(() => {
    created += 1;
    return async (event, context) => `${event} ${context}`;
  });
  expect([await handler('a', 'b'), await handler('c', 'd'), created]).toEqual(['a b', 'c d', 1]);
});

test('with a wrong setting, every invocation fails with the error that names it', async () => {
  const error = new ConfigurationError('LOG_LEVEL has to be one of DEBUG, INFO');
  const handler = refuseWrongSettings(() => {
    throw error;
  });
  await expect(handler({}, {})).rejects.toBe(error);
  await expect(handler({}, {})).rejects.toBe(error);
});

test('a fault of the code stops the container, as without this', () => {
  const create = () =>
    refuseWrongSettings(() => {
      throw new TypeError('x is not a function');
    });
  expect(create).toThrow(TypeError);
});

test('the error has its name in the log of a minified function too', () => {
  // Lambda's runtime logs the name of the constructor.
  expect(Object.getOwnPropertyDescriptor(ConfigurationError, 'name')?.enumerable).toBe(true);
  expect(new ConfigurationError('x').constructor.name).toBe('ConfigurationError');
});
