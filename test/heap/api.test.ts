import { heapBaseUrl } from '../../lib/heap/api.ts';

test.each([
  ['us', undefined, 'https://heapanalytics.com'],
  ['eu', undefined, 'https://c.eu.heap-api.com'],
  ['eu', 'http://127.0.0.1:1', 'http://127.0.0.1:1'],
] as const)('with data residency %s and the override %s, requests go to %s', (dataResidency, override, expected) => {
  expect(heapBaseUrl(dataResidency, override)).toBe(expected);
});
