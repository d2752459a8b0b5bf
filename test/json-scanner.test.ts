import fc from 'fast-check';
import { scanJson, startScan, TOKEN } from '../lib/json-scanner.ts';

/** Every token as its character, its position and its depth. */
function tokensOf(chunks: readonly string[], stopAt = ''): readonly string[] {
  const tokens: string[] = [];
  const state = startScan();
  for (const chunk of chunks) {
    scanJson(
      chunk,
      (code, at, depth) => {
        const character = String.fromCharCode(code);
        tokens.push(`${character}${at}/${depth}`);
        return character === stopAt ? 'stop' : 'go_on';
      },
      state,
    );
  }
  return tokens;
}

test.each<[string, string, readonly string[]]>([
  ['nothing', '', []],
  ['a scalar', ' 12 ', []],
  ['an empty object', '{}', ['{0/0', '}1/0']],
  ['an object', '{"a":1,"b":2}', ['{0/0', ':4/1', ',6/1', ':10/1', '}12/0']],
  ['an array', '[1,[2]]', ['[0/0', ',2/1', '[3/1', ']5/1', ']6/0']],
  ['brackets, commas and colons in strings do not count', '["{[,:]}"]', ['[0/0', ']9/0']],
  ['an escaped quote does not end a string', '["\\"]"]', ['[0/0', ']6/0']],
  ['an escaped backslash does not escape a quote', '["\\\\"]', ['[0/0', ']5/0']],
  ['text that is not valid JSON', ']]', [']0/-1', ']1/-2']],
  ['a string that does not end', '["abc]', ['[0/0']],
])('%s', (_, json, expected) => {
  expect(tokensOf([json])).toEqual(expected);
});

test('it stops when the callback returns stop', () => {
  expect(tokensOf(['[1,2,3]'], ',')).toEqual(['[0/0', ',2/1']);
  expect(tokensOf(['{"a":[]}'], '[')).toEqual(['{0/0', ':4/1', '[5/1']);
  expect(tokensOf(['[[]]'], ']')).toEqual(['[0/0', '[1/1', ']2/1']);
});

test('JSON may be scanned in chunks of any size', () => {
  const withoutPlaces = (tokens: readonly string[]): string[] => tokens.map((token) => token.replace(/\d+\//, '/'));
  fc.assert(
    fc.property(fc.json(), fc.nat(50), fc.nat(50), (json, one, other) => {
      const [first, second] = [Math.min(one, other), Math.max(one, other)];
      const chunks = [json.slice(0, first), json.slice(first, second), json.slice(second)];
      expect(withoutPlaces(tokensOf(chunks))).toEqual(withoutPlaces(tokensOf([json])));
    }),
  );
});

test('in any valid JSON, the depth of each token matches the open brackets', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      let depth = 0;
      scanJson(json, (code, _, told) => {
        if (code === TOKEN.closeArray || code === TOKEN.closeObject) depth -= 1;
        expect(told).toBe(depth);
        if (code === TOKEN.openArray || code === TOKEN.openObject) depth += 1;
        return 'go_on';
      });
      expect(depth).toBe(0);
    }),
  );
});

test('any depth is scanned', () => {
  let deepest = 0;
  scanJson('['.repeat(200_000), (_, __, depth) => {
    deepest = depth;
    return 'go_on';
  });
  expect(deepest).toBe(199_999);
});
