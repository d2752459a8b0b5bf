import { SDK_RULES, type Reaction, type SdkRule } from '../support/sdk-rules.ts';
import { readPage } from './pages.ts';

/** The table "What SDKs do with an answer" in docs/ingest.md says what the rules in test/support/sdk-rules.ts do. */
const WORDS: Readonly<Record<Reaction, string>> = {
  done: 'ok',
  again: 'again',
  delete: 'deletes',
  delete_anonymous: 'again',
  stop: 'stops',
  off: 'off',
  wipe: 'wipes',
};

/** Some of the texts with which the endpoint answers. */
const ANSWERS = [
  { status: 400, text: 'event is not a valid rudder event\n' },
  { status: 401, text: 'invalid write key\n' },
  { status: 404, text: 'source is disabled\n' },
  { status: 413, text: 'request size exceeds max limit\n' },
  { status: 503, text: 'service unavailable\n' },
] as const;

const rowOf = ({ name, source, attempts, react, survivesRestart }: SdkRule): readonly string[] => [
  name,
  ...ANSWERS.map((answer) => WORDS[react(answer)]),
  Number.isFinite(attempts) ? String(attempts) : 'no limit',
  survivesRestart ? 'yes' : 'no',
  source.split(': ')[0] ?? '',
];

test('docs/ingest.md has a row for each SDK, with its rule and the source that was read', () => {
  const [, section = ''] = readPage('docs/ingest.md').text.split('## What SDKs do with an answer\n');
  const rows = section
    .split('\n## ')[0]
    ?.split('\n### ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  expect(rows?.slice(2)).toEqual(SDK_RULES.map(rowOf));
});

test.each([0, 429, 500, 502, 503, 504])('no SDK deletes anything because of one answer with status %i', (status) => {
  const wrong = SDK_RULES.filter(({ react }) => react({ status, text: 'service unavailable' }) !== 'again');
  expect(wrong.map(({ name }) => name)).toEqual([]);
});
