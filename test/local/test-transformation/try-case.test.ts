import { tryCase } from '../../../local/test-transformation/try-case.ts';
import type { Expectation } from '../../../local/test-transformation/read-cases.ts';
import type { TransformEvent } from '../../../lib/transformation/transform-event.ts';
import { settingsWith } from '../../support/settings.ts';

const transformEvent: TransformEvent = (event) => {
  const { event: name } = Object(event);
  if (name === 'Bad') throw new Error('no such event');
  if (name === 'Split') return [{ type: 'a' }, { type: 'b' }];
  return name === 'Drop' ? undefined : { ...Object(event), event: `${String(name)}!` };
};
const returns = (output: unknown): Expectation => ({ kind: 'returns', output });
const throws = (words: string): Expectation => ({ kind: 'throws', words });
const returned = { type: 'track', event: 'A!' };

test('what it got is shown without its envelopes, as it was before the transformation', () => {
  const body = JSON.stringify({ Type: 'Notification', TopicArn: 'a', Message: '{"type": "track", "event": "A"}' });
  const change: TransformEvent = (event) => Object.assign(Object(event), { event: 'B' });
  const [tried] = tryCase({ body, origin: 'here', expected: undefined }, settingsWith(), change, () => []);
  expect(tried?.input).toBe('{"type":"track","event":"A"}');
});

test.each<[string, Expectation | undefined, string]>([
  ['A', undefined, 'not_asked'],
  ['A', returns(returned), 'as_expected'],
  ['A', returns({ ...returned, event: 'A' }), 'not_as_expected'],
  ['A', returns([returned]), 'not_as_expected'],
  ['A', returns(null), 'not_as_expected'],
  ['A', throws('no such event'), 'not_as_expected'],
  ['Drop', returns(null), 'as_expected'],
  ['Drop', returns(returned), 'not_as_expected'],
  ['Split', returns([{ type: 'a' }, { type: 'b' }]), 'as_expected'],
  ['Split', returns([{ type: 'b' }, { type: 'a' }]), 'not_as_expected'],
  ['Bad', throws('no such event'), 'as_expected'],
  ['Bad', throws('no such property'), 'not_as_expected'],
  ['Bad', returns(null), 'not_as_expected'],
])('the event %s, of which %j is expected, is %s', (event, expected, verdict) => {
  const body = JSON.stringify({ type: 'track', event });
  const tried = tryCase({ body, origin: 'here', expected }, settingsWith(), transformEvent, () => []);
  expect(tried.map((one) => one.verdict)).toEqual([verdict]);
});
