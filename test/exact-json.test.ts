import fc from 'fast-check';
import { keptDigits, parseJson, parseJsonToPassOn } from '../lib/exact-json.ts';

describe('an integer that a double would change becomes its digits, and is passed on as it came:', () => {
  test.each<[string, string]>([
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['12345678901234567891', '12345678901234567891'],
    ['123456789012345678901234567890123456789', '123456789012345678901234567890123456789'],
    ['1000000000000000000000', '1000000000000000000000'],
    ['9007199254740993.0', '9007199254740993'],
    ['1'.repeat(400), '1'.repeat(400)],
  ])('%s', (source, digits) => {
    for (const text of [`{"a":${source}}`, `{ "a" : ${source} }`, `{"x":"y","a":\n\t${source}\n}`]) {
      expect(parseJson(text)).toMatchObject({ a: digits });
      expect(JSON.stringify(parseJsonToPassOn(text))).toContain(`"a":${source}`);
    }
    expect(parseJson(`[${source},${source},[1, ${source}]]`)).toEqual([digits, digits, [1, digits]]);
    expect(JSON.stringify(parseJsonToPassOn(`[${source},[1, ${source}]]`))).toBe(`[${source},[1,${source}]]`);
  });
});

describe('every other value is what JSON.parse makes of it:', () => {
  test.each([
    '9007199254740991',
    '9007199254740992',
    '-9007199254740992',
    '1234567890123456',
    '1767225600000000',
    '9007199254740994.0',
    '12345678901234567000',
    '0.12345678901234567',
    '1234567890.1234567890123456',
    '12345678901234567.5',
    '12345678901234567e3',
    '1.2345678901234567e+25',
    '"9007199254740993"',
    '"a,9007199254740993"',
    '"\\",9007199254740993"',
    '{"9007199254740993":1}',
    '[]',
    'null',
  ])('%s', (source) => {
    const text = `{"a":${source},"b":[${source}]}`;
    expect(parseJson(text)).toEqual(JSON.parse(text));
    expect(parseJsonToPassOn(text)).toEqual(JSON.parse(text));
  });
});

test.each([
  '{"a":9007199254740993',
  '{"a":1,9007199254740993:2}',
  '{"a":1,9007199254740993}',
  '[9007199254740993 1]',
  '{"a":00000000000000012}',
  '[-00000000000000012]',
  '',
  '9007199254740993x',
])('%s is as wrong as for JSON.parse', (text) => {
  const messageOf = (parse: (text: string) => unknown): string => {
    try {
      return `parsed ${JSON.stringify(parse(text))}`;
    } catch (error) {
      return String(error);
    }
  };
  expect(messageOf(parseJson)).toBe(messageOf(JSON.parse));
  expect(messageOf(parseJsonToPassOn)).toBe(messageOf(JSON.parse));
});

test('a text that is nested as deeply as JSON.parse takes it is parsed', () => {
  const text = `${'['.repeat(100_000)}9007199254740993${']'.repeat(100_000)}`;
  let value = parseJson(text);
  while (Array.isArray(value)) [value] = value;
  expect(value).toBe('9007199254740993');
});

test('whatever the JSON, with or without white space, only the long integers differ from JSON.parse', () => {
  const integer = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
  const leaf = fc.oneof(fc.jsonValue({ maxDepth: 2 }), integer.map(String));
  fc.assert(
    fc.property(fc.array(leaf), integer, fc.nat(40), fc.constantFrom(undefined, 1), (list, number, padding, space) => {
      const before = JSON.stringify([' '.repeat(padding), list], undefined, space).slice(0, -1);
      const text = `${before},${number}]`;
      const exact = String(Number(number)) === String(number) ? Number(number) : String(number);
      expect(parseJson(text)).toEqual([' '.repeat(padding), JSON.parse(JSON.stringify(list)), exact]);
      expect(JSON.stringify(parseJsonToPassOn(text))).toBe(
        `${JSON.stringify([' '.repeat(padding), list]).slice(0, -1)},${number}]`,
      );
    }),
  );
});

describe('a long integer is found', () => {
  test('at whatever place of a text', () => {
    for (const start of [0, 16 * 1024 - 40, 32 * 1024 - 60]) {
      for (let place = start; place < start + 60; place += 1) {
        const text = 'x'.repeat(place);
        expect(parseJson(`["${text}",9007199254740993]`)).toEqual([text, '9007199254740993']);
      }
    }
  });

  test.each([['ıĲ'], ['12345678 '], ['/0123456789:'], [`x${'9'.repeat(20_000)}`]])(
    'among texts of %j',
    (characters) => {
      const text = characters.repeat(3);
      expect(parseJson(JSON.stringify([text, 1, text]))).toEqual([text, 1, text]);
      const long = JSON.stringify([text, 1, text]).replace(',1,', ',9007199254740993,');
      expect(parseJson(long)).toEqual([text, '9007199254740993', text]);
    },
  );
});

test('the digits of a kept integer can be read', () => {
  const [kept, other] = [parseJsonToPassOn('[9007199254740993.0]'), 5].flat();
  expect([keptDigits(kept), keptDigits(other), keptDigits('9007199254740993')]).toEqual([
    '9007199254740993',
    undefined,
    undefined,
  ]);
});
