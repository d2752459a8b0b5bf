import { ConfigurationError } from '../../../lib/configuration-error.ts';
import { createParameterReader } from '../../../lib/ingest/keys/parameter-store.ts';
import { startParameterStore, type ParameterStore } from '../../../local/parameter-store.ts';
import { LOCAL_AWS } from '../../../local/queues.ts';

const TIMEOUT_MS = 60_000;
const environment = process.env;
let store: ParameterStore;

beforeAll(async () => {
  store = await startParameterStore(new Map([['/keys', '{"writeKeys":{}}']]));
  process.env = { ...environment, ...LOCAL_AWS, AWS_ENDPOINT_URL_SSM: store.url };
});
afterAll(async () => {
  process.env = environment;
  await store.stop();
});

test('reads the value of a parameter', async () => {
  expect(await createParameterReader('/keys')(TIMEOUT_MS)).toBe('{"writeKeys":{}}');
});

test('makes one call, and reports a throttled one as an error that may pass', async () => {
  const before = store.calls();
  store.throttleNext(1);
  const error: unknown = await createParameterReader('/keys')(TIMEOUT_MS).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'ThrottlingException' });
  expect(error).not.toBeInstanceOf(ConfigurationError);
  expect(store.calls() - before).toBe(1);
});

test('reports a missing parameter as an error that stays', async () => {
  const error: unknown = await createParameterReader('/other')(TIMEOUT_MS).catch((thrown: unknown) => thrown);
  expect(error).toEqual(new ConfigurationError('the parameter /other cannot be read: ParameterNotFound'));
  expect(error).toBeInstanceOf(ConfigurationError);
});

test('reports a store that cannot be reached as an error that may pass', async () => {
  process.env['AWS_ENDPOINT_URL_SSM'] = 'http://127.0.0.1:1';
  const error: unknown = await createParameterReader('/keys')(TIMEOUT_MS).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(ConfigurationError);
});
