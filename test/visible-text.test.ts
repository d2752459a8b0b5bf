import { removeInvisible, trimInvisible } from '../lib/visible-text.ts';

const INVISIBLE = [
  '\0',
  '\u0007',
  '\t',
  '\n',
  ' ',
  '\u00A0',
  '\u00AD',
  '\u034F',
  '\u061C',
  '\u115F',
  '\u17B4',
  '\u180E',
  '\u2003',
  '\u200B',
];
const MORE = [
  '\u200D',
  '\u200F',
  '\u2028',
  '\u202E',
  '\u2060',
  '\u2800',
  '\u3000',
  '\u3164',
  '\uFEFF',
  '\uFFA0',
  '\u{1D173}',
  '\u{E0020}',
];

test.each([...INVISIBLE, ...MORE])('%j is invisible', (character) => {
  expect(trimInvisible(character.repeat(3))).toBe('');
  expect(trimInvisible(`${character} u-1 ${character}`)).toBe('u-1');
  expect(removeInvisible(`${character} u-1 ${character}`)).toBe('u-1');
  expect(removeInvisible(character)).toBe('');
});

test.each(['u-1', 'Ada Lovelace', 'é', '李', '🚀', 'a\u200Bb', '-', '.', '\uD83D'])('%j stays', (text) => {
  expect(trimInvisible(text)).toBe(text);
});

test('removing also takes what is invisible within, but not blanks', () => {
  expect(removeInvisible('a\u200Bb c\0d')).toBe('ab cd');
});
