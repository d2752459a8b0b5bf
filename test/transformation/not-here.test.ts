import { defineRudderStackFunctions } from '../../lib/transformation/not-here.ts';

const globals: Readonly<Record<string, unknown>> = Object(globalThis);
const call = (name: string, ...args: readonly unknown[]): unknown => {
  const found = globals[name];
  if (typeof found !== 'function') throw new Error(`${name} is not defined`);
  return found(...args);
};

test.each([
  ['fetch', 'fetch is not available: a transformation cannot make requests here'],
  ['fetchV2', 'fetchV2 is not available: a transformation cannot make requests here'],
  ['geolocation', 'geolocation is not available: a transformation cannot make requests here'],
  ['getCredential', 'getCredential is not available: there are no credentials here'],
])('%s says that it is not here, and what to do', (name, words) => {
  defineRudderStackFunctions();
  expect(() => call(name, 'x')).toThrow(words);
});

test('log does nothing, unless somebody listens', () => {
  defineRudderStackFunctions();
  expect(call('log', 'a')).toBeUndefined();
  const logged: unknown[] = [];
  defineRudderStackFunctions((...values) => void logged.push(...values));
  call('log', 'a', { b: 1 });
  expect(logged).toEqual(['a', { b: 1 }]);
});
