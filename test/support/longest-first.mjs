import TestSequencer from '@jest/test-sequencer';

/** The ends of the paths of the test files that take the longest, the longest first. */
const LONGEST = ['device-mode.test.ts', 'hostile-input.test.ts', 'chaos.test.ts', 'chaos/situations.test.ts'].map(
  (name) => `/test/${name}`,
);

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
