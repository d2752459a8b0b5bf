import type { JsonObject } from '../../lib/json.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { settingsWith } from '../support/settings.ts';

const event = { type: 'track', event: 'A', userId: 'u', messageId: 'm', properties: { app: ' 77 ', n: 1 } };

function call(appId: unknown, changes: JsonObject = {}): unknown {
  const decision = decide({ ...event, ...changes }, settingsWith({ appId }));
  return decision.kind === 'mapped' ? [decision.call.appId, decision.call.payload.properties] : decision;
}

test.each<[string, unknown, JsonObject, unknown]>([
  ['a fixed id', '42', {}, ['42', { app: ' 77 ', n: 1 }]],
  ['a number is sent as a string', 42, {}, ['42', { app: ' 77 ', n: 1 }]],
  ['an id from the event, whose field is removed', '{{ message.properties.app || "1" }}', {}, ['77', { n: 1 }]],
  ['the event may be called event', '{{event.properties.app||1}}', {}, ['77', { n: 1 }]],
  ['the default, without its quotes', '{{ message.traits.app || "dflt" }}', {}, ['dflt', { app: ' 77 ', n: 1 }]],
  [
    'the default where the event has nothing usable',
    '{{ message.properties.app || 1 }}',
    { properties: { app: {}, n: 1 } },
    ['1', { n: 1 }],
  ],
  ['a number in the event', '{{ message.properties.app || 1 }}', { properties: { app: 5 } }, ['5', {}]],
  [
    'the longest id that an event may give',
    '{{ message.properties.app || 1 }}',
    { properties: { app: 'x'.repeat(100) } },
    ['x'.repeat(100), {}],
  ],
  [
    'the default where the event gives more than 100 characters, which are no app id',
    '{{ message.properties.app || 1 }}',
    { properties: { app: 'x'.repeat(101) } },
    ['1', { app: 'x'.repeat(101) }],
  ],
])('%s', (_, appId, changes, expected) => {
  expect(call(appId, changes)).toEqual(expected);
});

test('an event is rejected when neither it nor the default gives an id', () => {
  expect(call('{{ message.traits.app || "" }}')).toMatchObject({ kind: 'rejected', reason: 'missing_app_id' });
});

test.each([
  ['', 'is required'],
  ['{{ message.traits.app }}', 'has to have the form {{ message.path.to.id || "default" }}'],
  ['{{ destination.app || 1 }}', 'has to have the form'],
  ['{{ message.a[0] || 1 }}', 'has to have the form'],
  ['env.HEAP_APP', 'cannot be an env. reference'],
  ['x'.repeat(101), 'is longer than 100 characters'],
])('%j is refused as a setting', (appId, problem) => {
  expect(() => settingsWith({ appId })).toThrow(`appId ${problem}`);
});
