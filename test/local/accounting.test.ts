import { createLedger } from '../../local/accounting.ts';
import type { HeapContents } from '../../local/heap-simulator/heap.ts';
import { readIdempotencyKey } from '../../lib/mapping/idempotency-key.ts';
import { settingsWith } from '../support/settings.ts';

const track = { type: 'track', event: 'A', userId: 'u', messageId: 'm-1', properties: { n: 1 } };
const read = readIdempotencyKey(track, 'content');
const KEY = read.kind === 'key' ? read.key : '';
const identify = { type: 'identify', userId: 'u', traits: { plan: 'team' } };
const event = { app_id: '11', identity: 'u', event: 'A', properties: { n: 1 }, idempotency_key: KEY };
const user = { appId: '11', identity: 'u', properties: { plan: 'team' } };
const right: HeapContents = { events: [event], users: [user], accounts: [] };

function differences(contents: HeapContents, deadLetters: readonly object[] = []): readonly string[] {
  const ledger = createLedger(settingsWith());
  for (const sent of [track, identify, { type: 'page' }, { type: 'none' }]) ledger.add(JSON.stringify(sent));
  expect(ledger.counts).toEqual({ events: 4, toDeliver: 2, filtered: 1, rejected: 1 });
  return ledger.differences(
    contents,
    deadLetters.map((deadLetter) => ({ Body: JSON.stringify(deadLetter) })),
  );
}

test('there is no difference when Heap holds what was sent', () => {
  expect(differences(right)).toEqual([]);
});

test.each<[string, HeapContents, string]>([
  ['an event is missing', { ...right, events: [] }, `Heap lacks the event 11/${KEY}`],
  [
    'an event has different contents',
    { ...right, events: [{ ...event, properties: {} }] },
    `Heap holds different contents of the event 11/${KEY}`,
  ],
  [
    'an event was never sent',
    { ...right, events: [event, { ...event, idempotency_key: 'm-2' }] },
    'Heap holds an event 11/m-2 that was not sent',
  ],
  ['a user is missing', { ...right, users: [] }, 'Heap lacks the user 11/u'],
  [
    'a property is missing',
    { ...right, users: [{ ...user, properties: {} }] },
    'Heap holds different properties of the user 11/u',
  ],
  [
    'a property has a different value',
    { ...right, users: [{ ...user, properties: { plan: 'x' } }] },
    'Heap holds different properties of the user 11/u',
  ],
])('%s', (_, contents, difference) => {
  expect(differences(contents)).toEqual([difference]);
});

test('a group has to be in Heap as an account and as a property of its user', () => {
  const group = { type: 'group', userId: 'u', groupId: 'acme', traits: { plan: 'pro' } };
  const ledger = createLedger(settingsWith({ groupAccounts: true, accountIdProperty: 'account' }));
  ledger.add(JSON.stringify(group));
  expect(ledger.counts).toMatchObject({ events: 1, toDeliver: 1 });
  const users = [{ appId: '11', identity: 'u', properties: { account: 'acme' } }];
  const accounts = [{ appId: '11', accountId: 'acme', properties: { plan: 'pro' } }];
  expect(ledger.differences({ events: [], users, accounts }, [])).toEqual([]);
  expect(ledger.differences({ events: [], users: [], accounts }, [])).toEqual(['Heap lacks the user 11/u']);
  expect(ledger.differences({ events: [], users, accounts: [] }, [])).toEqual(['Heap lacks the account 11/acme']);
  const other = accounts.map((account) => ({ ...account, properties: { plan: 'free' } }));
  expect(ledger.differences({ events: [], users, accounts: other }, [])).toEqual([
    'Heap holds different properties of the account 11/acme',
  ]);
  expect(ledger.differences({ events: [], users: [], accounts: [] }, [{ Body: JSON.stringify(group) }])).toEqual([]);
});

test('a dead-lettered event does not have to be in Heap', () => {
  expect(differences({ events: [], users: [user], accounts: [] }, [track])).toEqual([]);
});
