import fc from 'fast-check';
import { countValues, elementTexts, isDeeperThan, memberText } from '../lib/json-text.ts';

describe('elementTexts', () => {
  test.each([
    ['[]', []],
    ['[1]', ['1']],
    [' [ 1 , "a,]" , {"b":[2,3]} , null ] ', ['1', '"a,]"', '{"b":[2,3]}', 'null']],
    ['["\\\\","\\"]",true]', ['"\\\\"', '"\\"]"', 'true']],
    ['[1e400,-0.50,12345678901234567890]', ['1e400', '-0.50', '12345678901234567890']],
  ])('cuts the elements out of %s as they were written: %j', (json, expected) => {
    expect(elementTexts(json)).toEqual(expected);
  });

  test('gives strings that parse to the same values, however the array is laid out', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1, '\t'), (list, space) => {
        const texts = elementTexts(JSON.stringify(list, undefined, space));
        expect(texts.map((text): unknown => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(list)));
      }),
    );
  });

  test('cuts out an element of 100,000 levels, which JSON.stringify cannot write', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(elementTexts(`[1,${deep},2]`)).toEqual(['1', deep, '2']);
  });
});

describe('memberText', () => {
  test.each([
    ['{"a":1,"b":{"c":"}"}}', 'b', '{"c":"}"}'],
    ['{ "a" : 1.0 , "b" : 2 }', 'a', '1.0'],
    ['{"a":1,"a":2}', 'a', '2'],
    ['{"\\u0061":true}', 'a', 'true'],
    ['{"b":{"a":1}}', 'a', undefined],
    ['{}', 'a', undefined],
  ])('in %s finds the member %s as it was written: %s', (json, key, expected) => {
    expect(memberText(json, key)).toBe(expected);
  });

  test('finds every member of any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 2), (object, space) => {
        const json = JSON.stringify(object, undefined, space);
        for (const [key, value] of Object.entries(object)) {
          const found: unknown = JSON.parse(memberText(json, key) ?? 'undefined');
          expect(found).toEqual(JSON.parse(JSON.stringify(value)));
        }
      }),
    );
  });
});

describe('isDeeperThan', () => {
  test.each([
    ['1', 0, false],
    ['[]', 0, true],
    ['[]', 1, false],
    ['{"a":[1]}', 1, true],
    ['{"a":[1]}', 2, false],
    ['[[],[],[]]', 2, false],
    ['[[],[[]]]', 2, true],
    ['["[[[["]', 1, false],
    ['[[[', 2, true],
  ])('%s has more than %i levels: %s', (json, most, expected) => {
    expect(isDeeperThan(json, most)).toBe(expected);
  });

  test('works for nesting that overflows the stack of a recursive parser', () => {
    expect(isDeeperThan('['.repeat(1_000_000), 200)).toBe(true);
  });
});

describe('countValues', () => {
  test.each([
    ['1', 1],
    ['[]', 1],
    [' { } ', 1],
    ['[1]', 2],
    ['[[]]', 2],
    ['[[], [ ],{}]', 4],
    ['{"a":1,"b":[2,3],"c":{}}', 6],
    ['"[1,2,3]"', 1],
  ])('%s has %i', (json, expected) => {
    expect(countValues(json, 1000)).toBe(expected);
  });

  test('counts what JSON.parse makes of any text', () => {
    const countIn = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? Object.values(value).reduce((sum: number, one) => sum + countIn(one), 1)
        : 1;
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, space) => {
        expect(countValues(JSON.stringify(value, undefined, space), Infinity)).toBe(countIn(value));
      }),
    );
  });

  test.each(['['.repeat(100), '[[],'.repeat(100), '{"a":'.repeat(100), '1,'.repeat(100)])(
    'stops above the limit, in a text that need not be valid: %s',
    (json) => {
      const count = countValues(json, 10);
      expect(count).toBeGreaterThan(10);
      expect(count).toBeLessThan(15);
    },
  );
});
