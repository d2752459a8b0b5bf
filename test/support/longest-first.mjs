import TestSequencer from '@jest/test-sequencer';

/** The test files that take the longest, whether they work or wait, the longest first. */
const LONGEST = [
  'hostile-input',
  'device-mode',
  'chaos',
  'chaos/situations',
  'cli/enqueue',
  'sdk-node',
  'source-config',
  'start',
  'cli/dead-letters',
  'upgrade',
  'live-view',
  'docs/first-event',
].map((name) => `/test/${name}.test.ts`);

/**
 * Starts the longest test files first, so that none of them is left at the end with one worker. Jest itself goes by the sizes of
 * the files until it has run them once, as in a fresh clone, and the longest test of all is in one of the smallest files.
 */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- this is not the method of an array
    const sorted = super.sort(tests);
    const longest = LONGEST.flatMap((end) => sorted.filter(({ path }) => path.endsWith(end)));
    return [...new Set([...longest, ...sorted])];
  }
}
