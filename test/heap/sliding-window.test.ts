import { countIn, dropExpired, waitForRoom, type SlidingWindow } from '../../lib/heap/sliding-window.ts';

/** A window of charges, each a count and when it leaves. */
const windowOf = (...charges: (readonly [count: number, until: number])[]): SlidingWindow =>
  charges.map(([count, until]) => ({ count, until }));

const UNDER_WAY = Number.POSITIVE_INFINITY;

test('a charge counts until its time, and not at it', () => {
  const window = windowOf([3, 100], [5, 200], [7, UNDER_WAY]);
  expect([99, 100, 199, 200].map((now) => countIn(window, now))).toEqual([15, 12, 12, 7]);
});

test('what has left the window is dropped, in whatever order it lies there', () => {
  const window = windowOf([1, 300], [2, 100], [3, 200], [4, 100]);
  dropExpired(window, 100);
  expect(window).toEqual(windowOf([1, 300], [3, 200]));
});

describe('the wait for room', () => {
  const wait = (window: SlidingWindow, count: number): number =>
    waitForRoom(window, { count, limit: 10, now: 0, windowMs: 1000 });

  test.each<[string, SlidingWindow, number, number]>([
    ['an empty window has room for the limit', [], 10, 0],
    ['a full one has room when enough has left it', windowOf([10, 300]), 1, 300],
    ['room that is just enough is room', windowOf([7, 300]), 3, 0],
    ['one too many waits', windowOf([7, 300]), 4, 300],
    ['the earliest leaves first, whatever the order', windowOf([5, 300], [5, 100]), 5, 100],
    ['as many leave as are needed', windowOf([5, 300], [5, 100]), 6, 300],
    ['what has left already does not count', windowOf([10, 0]), 10, 0],
    ['a request under way is waited for as long as a window', windowOf([10, UNDER_WAY]), 1, 1000],
    ['no wait is longer than a window', windowOf([10, 5000]), 1, 1000],
    ['more than the limit never fits: a window later it is asked again', windowOf([1, 10]), 11, 1000],
  ])('%s', (_, window, count, expected) => {
    expect(wait(window, count)).toBe(expected);
  });
});
