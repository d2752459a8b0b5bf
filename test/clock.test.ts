import { systemClock } from '../lib/clock.ts';

test('the system clock returns ms since 1970, and sleeps for the given time', async () => {
  jest.useFakeTimers({ now: 5000 });
  try {
    expect(systemClock.now()).toBe(5000);
    let isAwake = false;
    const sleeping = systemClock.sleep(1000).then(() => (isAwake = true));
    await jest.advanceTimersByTimeAsync(999);
    expect(isAwake).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await sleeping;
    expect(isAwake).toBe(true);
  } finally {
    jest.useRealTimers();
  }
});

test('an aborted sleep ends at once, and leaves no timer', async () => {
  jest.useFakeTimers();
  try {
    const abort = new AbortController();
    const sleeping = systemClock.sleep(1000, abort.signal);
    abort.abort();
    await sleeping;
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});
