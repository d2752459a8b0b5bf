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

describe('with a transformation', () => {
  const ledgerOf = (returned: readonly object[] | undefined) => {
    const ledger = createLedger(settingsWith(), () => returned);
    ledger.add(JSON.stringify(track), undefined, { file: 'events.ndjson', line: 3 });
    return ledger;
  };

  test('Heap has to hold what it returns, and one event is expected', () => {
    const ledger = ledgerOf([track, { ...track, event: 'B' }]);
    expect(ledger.counts).toEqual({ events: 1, toDeliver: 1, filtered: 0, rejected: 0 });
    const second = { ...event, event: 'B', idempotency_key: `${KEY}-2` };
    expect(ledger.differences({ events: [event, second], users: [], accounts: [] }, [])).toEqual([]);
    expect(ledger.differences({ events: [event], users: [], accounts: [] }, [])).toEqual([
      `Heap lacks the event 11/${KEY}-2`,
    ]);
  });

  test('an event with a bad one among good ones is expected as a dead letter, and its good ones in Heap', () => {
    const ledger = ledgerOf([track, { ...track, event: '' }]);
    expect(ledger.counts).toEqual({ events: 1, toDeliver: 0, filtered: 0, rejected: 1 });
    expect(ledger.causes()).toMatchObject([{ fate: 'rejected', reason: 'missing_event' }]);
    const contents = { events: [event], users: [], accounts: [] };
    expect(ledger.differences(contents, [{ Body: JSON.stringify(track) }])).toEqual([]);
  });

  test('an event that it drops is expected to be filtered', () => {
    expect(ledgerOf(undefined).causes()).toMatchObject([{ fate: 'filtered', reason: 'dropped_by_transformation' }]);
  });
});
