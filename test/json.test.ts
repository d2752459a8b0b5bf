import { isArray, isObject, valueAt } from '../lib/json.ts';

test.each<[unknown, boolean, boolean]>([
  [{}, true, false],
  [{ a: 1 }, true, false],
  [[], false, true],
  [[1], false, true],
  [null, false, false],
  [undefined, false, false],
  ['x', false, false],
  [5, false, false],
  [true, false, false],
])('%j is an object: %s, an array: %s', (value, asObject, asArray) => {
  expect([isObject(value), isArray(value)]).toEqual([asObject, asArray]);
});

test.each<[unknown, readonly string[], unknown]>([
  [{ a: { b: 1 } }, ['a', 'b'], 1],
  [{ a: { b: 1 } }, ['a'], { b: 1 }],
  [5, [], 5],
  [{ a: null }, ['a'], null],
  [{ a: null }, ['a', 'b'], undefined],
  [{ a: 'x' }, ['a', 'length'], undefined],
  [{ a: [1] }, ['a', '0'], undefined],
  [{}, ['a'], undefined],
  [{}, ['toString'], undefined],
  [{}, ['constructor', 'name'], undefined],
  [undefined, ['a'], undefined],
])('valueAt(%j, %j) is %j', (root, path, expected) => {
  expect(valueAt(root, path)).toEqual(expected);
});
