import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { expandFiles } from '../../../cli/history/expand-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'paths-'));
const NAMES = [
  'dumps/10.json.gz',
  'dumps/9.json.gz',
  'dumps/2026/01/31/b.json',
  'dumps/2026/01/31/a.json',
  'dumps/notes [1].csv',
  // What other tools, and this one, write beside the data.
  'dumps/_SUCCESS',
  'dumps/.DS_Store',
  'dumps/9.json.gz.checkpoint',
  'dumps/9.json.gz.checkpoint.new',
  'dumps/part-0.crc',
  'dumps/sums.md5',
  'dumps/manifest',
  'dumps/manifest.json',
];
beforeAll(() => {
  for (const name of NAMES) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  mkdirSync(join(folder, 'empty'));
});

const found = (...paths: readonly string[]): readonly string[] =>
  expandFiles(paths.map((path) => (path === '-' ? path : join(folder, path)))).map((file) =>
    file === '-' ? file : relative(folder, file),
  );

test.each<[string, readonly string[], readonly string[]]>([
  [
    'a folder: all files in it and below, without what is no data',
    ['dumps'],
    [
      'dumps/10.json.gz',
      'dumps/2026/01/31/a.json',
      'dumps/2026/01/31/b.json',
      'dumps/9.json.gz',
      'dumps/notes [1].csv',
    ],
  ],
  ['a pattern', ['dumps/*.gz'], ['dumps/10.json.gz', 'dumps/9.json.gz']],
  ['a pattern over folders', ['dumps/**/*.json'], ['dumps/2026/01/31/a.json', 'dumps/2026/01/31/b.json']],
  ['a pattern that matches what is no data', ['dumps/9*'], ['dumps/9.json.gz']],
  ['braces', ['dumps/{9,10}.json.gz'], ['dumps/10.json.gz', 'dumps/9.json.gz']],
  ['a name that looks like a pattern and exists', ['dumps/notes [1].csv'], ['dumps/notes [1].csv']],
  ['a file that a folder would pass over', ['dumps/manifest.json'], ['dumps/manifest.json']],
  [
    'the order of the paths, each file once',
    ['dumps/9.json.gz', 'dumps/*.gz'],
    ['dumps/9.json.gz', 'dumps/10.json.gz'],
  ],
  [
    'checkpoints that a shell has found beside their files',
    ['dumps/9.json.gz', 'dumps/9.json.gz.checkpoint', 'dumps/9.json.gz.checkpoint.new', 'dumps/10.json.gz'],
    ['dumps/9.json.gz', 'dumps/10.json.gz'],
  ],
  ['standard input beside a file', ['-', 'dumps/9.json.gz'], ['-', 'dumps/9.json.gz']],
])('%s', (_, paths, files) => {
  expect(found(...paths)).toEqual(files);
});

test('a file that is named in two ways is one', () => {
  const file = join(folder, 'dumps/9.json.gz');
  expect(expandFiles([relative('.', file), file, `./${relative('.', file)}`])).toEqual([relative('.', file)]);
});

test.each([
  ['dumps/*.parquet', /no file matches \S+\*\.parquet$/],
  ['empty', /empty is a folder without files$/],
  ['dumps/none.json', /ENOENT/],
])('%s is an error', (path, message) => {
  expect(() => found(path)).toThrow(message);
});

test.each([
  ['s3://bucket/a.json.gz', /: aws s3 cp s3:\/\/bucket\/a\.json\.gz - \| npm run -s heapq -- enqueue -$/],
  ['s3://bucket/my file.json', /: aws s3 cp 's3:\/\/bucket\/my file\.json' - \| npm run/],
  ['https://example.com/a?x=1&y=2', /: curl -fsS 'https:\/\/example\.com\/a\?x=1&y=2' \| npm run/],
  ['gs://bucket/a.json.gz', /: gcloud storage cat gs:\/\/bucket\/a\.json\.gz \| npm run -s heapq -- enqueue -$/],
  ['https://example.com/a.json', /: curl -fsS https:\/\/example\.com\/a\.json \| npm run -s heapq -- enqueue -$/],
])('%s is refused with the command that reads it', (url, message) => {
  expect(() => expandFiles([url])).toThrow(message);
});
