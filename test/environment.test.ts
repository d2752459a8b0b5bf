import { ConfigurationError } from '../lib/configuration-error.ts';
import { readUrl, readWholeNumber } from '../lib/environment.ts';

describe('a variable that holds a URL', () => {
  test.each(['https://sqs/q', 'http://127.0.0.1:1/q'])('may be %s', (value) => {
    expect(readUrl({ KEY: value }, 'KEY')).toBe(value);
  });

  test.each([
    [undefined, 'KEY is missing: an http or https URL'],
    ['', 'KEY is missing: an http or https URL'],
    ['queue', 'KEY is not an http or https URL'],
    ['ftp://host', 'KEY is not an http or https URL'],
    ['//host', 'KEY is not an http or https URL'],
  ])('may not be %j', (value, message) => {
    expect(() => readUrl({ KEY: value }, 'KEY')).toThrow(new ConfigurationError(message));
  });
});

describe('a variable that holds a whole number from 2 to 5', () => {
  const read = (value: string | undefined): number =>
    readWholeNumber({ KEY: value }, 'KEY', { fallback: 3, least: 2, most: 5 });

  test.each([
    ['2', 2],
    ['5', 5],
    [undefined, 3],
    ['', 3],
  ])('with %j is %i', (value, expected) => {
    expect(read(value)).toBe(expected);
  });

  test.each(['1', '6', '2.5', 'two', '-3', 'Infinity'])('may not be %j', (value) => {
    expect(() => read(value)).toThrow(new ConfigurationError('KEY has to be a whole number from 2 to 5'));
  });
});
