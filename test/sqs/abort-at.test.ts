import { once } from 'node:events';
import { abortAt } from '../../lib/sqs/abort-at.ts';

test.each([
  ['is now', 0],
  ['has passed', -60_000],
])('a deadline that %s aborts at once', async (_, fromNowMs) => {
  const signal = abortAt(Date.now() + fromNowMs);
  // Were the deadline ignored, this would not end.
  if (!signal.aborted) await once(signal, 'abort');
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('a deadline that is to come does not abort yet', () => {
  expect(abortAt(Date.now() + 600_000).aborted).toBe(false);
});

test.each([0.5, 9987.25, 600_000.999])('a deadline may lie a fraction of a millisecond off: in %s ms', (fromNowMs) => {
  expect(() => abortAt(Date.now() + fromNowMs)).not.toThrow();
});
