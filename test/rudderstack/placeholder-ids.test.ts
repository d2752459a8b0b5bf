import { subjectOf } from '../../lib/heap/api.ts';
import { decide } from '../../lib/mapping/decide.ts';
import type { JsonObject } from '../../lib/json.ts';
import { settingsWith } from '../support/settings.ts';

function identityOf(userId: unknown, config: JsonObject = {}): string {
  const decision = decide(
    { type: 'track', event: 'A', userId, anonymousId: 'anon', messageId: 'm' },
    settingsWith(config),
  );
  return decision.kind === 'mapped' ? subjectOf(decision.call) : decision.reason;
}

describe('an id that strangers share falls back to the next place:', () => {
  test.each<[string, readonly unknown[]]>([
    [
      'nothing, as programs write it',
      ['undefined', 'NULL', 'None', 'nil', 'NaN', '<nil>', '(null)', '<null>', '[null]', '(none)', '<undefined>'],
    ],
    [
      'nothing, in quotes',
      ['""', "''", '"null"', '\\"null\\"', "'undefined'", '“none”', '"\\"null\\""', '" null "', '`nil`'],
    ],
    ['empty brackets', ['[]', '{}', '()', '<>', '[ ]', '{"": ""}'.slice(0, 0), '[[]]', '[{}]']],
    [
      'what is invisible',
      ['\0', '\0\0\0', '\u200B', ' \u2060 ', '\uFEFF', '\u3164', '\u2800', '\u00AD', '\u200B"null"\u200B', 'null\0'],
    ],
    [
      'the nil UUID',
      [
        '00000000-0000-0000-0000-000000000000',
        '{00000000-0000-0000-0000-000000000000}',
        '00000000000000000000000000000000',
      ],
    ],
    ['numbers of nobody', [0, -0, '0', -1, '-1', '0.0', '-1.0']],
    ['truth', ['true', 'FALSE', true, false]],
    ['not available', ['n/a', 'N/A', '#N/A', '(not set)', '-', '--']],
    ['database nulls', ['\\N', '\\n', '\\\\N', 'DBNull', 'System.DBNull', '(NULL)', '[NULL]']],
    ['somebody unknown', ['guest', 'Anonymous', 'AnonymousUser', 'unknown', 'user', 'shopify-admin', 'Shopify-Admin']],
    ['names of the field', ['id', 'userId', 'user_id', 'anonymousId', 'distinct_id']],
    [
      'objects as text',
      ['[object Object]', '[object Undefined]', '[object Null]', 'Optional(nil)', 'undefined undefined', 'null null'],
    ],
    [
      'templates that nobody has filled in',
      [
        '{{user.id}}',
        '{{ user.id }}',
        '{{{id}}}',
        'user-{{id}}',
        '{% user.id %}',
        '%recipient%',
        '%recipient.id%',
        '%%subscriberkey%%',
        '${user.id}',
        '#{id}',
        '<%= id %>',
        '*|UNIQID|*',
        '{user_id}',
        '[[USER_ID]]',
        '__USER_ID__',
        '%7B%7Buser.id%7D%7D',
      ],
    ],
  ])('%s', (_, ids) => {
    expect(ids.map((id) => [id, identityOf(id)])).toEqual(ids.map((id) => [id, 'anon']));
  });
});

test.each([
  'null-island',
  'guest-17',
  'guest 17',
  '0x1',
  '00',
  '01',
  '-10',
  '1',
  'nullable',
  'none@example.com',
  'user-1',
  'users',
  'truelove',
  'n/a/1',
  '00000000-0000-0000-0000-000000000001',
  '{3F2504E0-4F89-11D3-9A0C-0305E82C3301}',
  '"alice"',
  '<alice@example.com>',
  '[7]',
  '100%',
  '%40alice',
  'a{b}',
  'shopify-admin-2',
  'id-1',
  'user_id_7',
  '__alice',
  'void',
  'Null Byte',
])('%j only looks alike, and stays', (id) => {
  expect(identityOf(id)).toBe(id);
});

test('the owner can add to the list; an added id is compared in the same way', () => {
  const config = { placeholderIds: ['Test-User', 999, '\u200Bnobody '] };
  for (const id of ['test-user', ' TEST-USER\0', '"test-user"', '(test-user)', 999, '999', 'nobody']) {
    expect([id, identityOf(id, config)]).toEqual([id, 'anon']);
  }
  expect(identityOf('test-user-1', config)).toBe('test-user-1');
  expect(identityOf('x'.repeat(200), { placeholderIds: ['X'.repeat(200)] })).toBe('anon');
});

test('an id keeps what is invisible within it, and loses it at its ends, so that it stays one person', () => {
  expect(identityOf('\u200Bu-1\uFEFF')).toBe('u-1');
  expect(identityOf('a\u200Db')).toBe('a\u200Db');
});
