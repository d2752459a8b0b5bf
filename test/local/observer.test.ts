import { createObserver, type Passage } from '../../local/live-view/observer.ts';
import { settingsWith } from '../support/settings.ts';
import { recordOf } from '../forwarding/processed.ts';

const SETTINGS = settingsWith({ pageEvents: true, groupAccounts: true, accountIdProperty: 'account' });
const json = JSON.stringify;
const group = json({ type: 'group', userId: 'u', groupId: 'acme', traits: { plan: 'pro' } });

function endingOf(passages: readonly Passage[]): unknown {
  return passages.map(({ ending, heap }) => [ending, heap]);
}

test('a group is delivered when Heap has taken the account and the user, and both entries are shown', () => {
  const { noteHeapRequest, passagesOf } = createObserver(SETTINGS);
  const records = [recordOf('m', { body: group })];
  const heap = [
    { app_id: '11', account_id: 'acme', properties: { plan: 'pro' } },
    { app_id: '11', identity: 'u', properties: { account: 'acme' } },
  ];
  noteHeapRequest('add_user_properties', json({ app_id: '11', users: [{ identity: 'u' }] }), 200);
  noteHeapRequest('add_account_properties', json({ app_id: '11', accounts: [{ account_id: 'acme' }] }), 503);
  expect(endingOf(passagesOf({ records, failed: new Set(['m']) }))).toEqual([['waiting', heap]]);
  noteHeapRequest('add_account_properties', json({ app_id: '11', accounts: [{ account_id: 'acme' }] }), 200);
  expect(endingOf(passagesOf({ records, failed: new Set() }))).toEqual([['delivered', heap]]);
});

test('a page is delivered when Heap has taken its event', () => {
  const { noteHeapRequest, passagesOf } = createObserver(SETTINGS);
  const records = [recordOf('m', { body: json({ type: 'page', name: 'Home', userId: 'u', messageId: 'own' }) })];
  const [before] = passagesOf({ records, failed: new Set(['m']) });
  expect(before).toMatchObject({ ending: 'waiting', heap: { event: 'Page viewed', properties: { name: 'Home' } } });
  noteHeapRequest('track', json({ app_id: '11', events: [before?.heap] }), 200);
  expect(passagesOf({ records, failed: new Set() })).toMatchObject([{ ending: 'delivered', name: 'page' }]);
});

describe('with a transformation', () => {
  const track = json({ type: 'track', event: 'A', userId: 'u', messageId: 'm', properties: {} });
  const records = [recordOf('m', { body: track })];

  test('the entries of a list are shown, and the event ends when Heap has taken all of them', () => {
    const { noteHeapRequest, passagesOf } = createObserver(SETTINGS, (event) => [event, event]);
    const [before] = passagesOf({ records, failed: new Set(['m']) });
    expect(before).toMatchObject({ ending: 'waiting', raw: track, heap: [{ event: 'A' }, { event: 'A' }] });
    noteHeapRequest('track', json({ app_id: '11', events: before?.heap }), 200);
    expect(passagesOf({ records, failed: new Set() })).toMatchObject([{ ending: 'delivered' }]);
  });

  test('of a list with a bad event the good ones are shown, and why it is dead-lettered', () => {
    const { noteHeapRequest, passagesOf } = createObserver(SETTINGS, (event) => [event, { type: 'track' }]);
    const [before] = passagesOf({ records, failed: new Set(['m']) });
    noteHeapRequest('track', json({ app_id: '11', events: [before?.heap] }), 200);
    expect(passagesOf({ records, failed: new Set() })).toMatchObject([
      {
        ending: 'dead-lettered',
        why: 'missing_event: event 2 of the 2 of the transformation: event is required',
        heap: { event: 'A' },
      },
    ]);
  });

  test('what it drops is filtered, and where it fails one sees why', () => {
    const dropping = createObserver(SETTINGS, () => null);
    expect(dropping.passagesOf({ records, failed: new Set() })).toMatchObject([
      { ending: 'filtered', why: 'dropped_by_transformation' },
    ]);
    const failing = createObserver(SETTINGS, () => 'x');
    expect(failing.passagesOf({ records, failed: new Set() })).toMatchObject([
      { ending: 'dead-lettered', why: expect.stringContaining('transformation_failed: what it returned is a string') },
    ]);
  });
});
