import type { JsonObject } from '../../lib/json.ts';
import { CALM, runWorld } from '../../local/virtual/world.ts';
import { readPage } from './pages.ts';

/** What the events of one visitor who signs up look like. */
const anonymous = { anonymousId: 'a-1' };
const known = { userId: 'u-1', anonymousId: 'a-1' };
const VISITOR: readonly JsonObject[] = [
  { type: 'track', event: 'Plans Compared', messageId: 'm-1', ...anonymous },
  { type: 'track', event: 'Video Watched', messageId: 'm-2', ...anonymous },
  { type: 'identify', traits: { plan: 'free' }, messageId: 'm-3', ...known },
  { type: 'track', event: 'Signed Up', messageId: 'm-4', ...known },
];

/** The same with the ids of Heap's own SDK in every event. */
const WITH_HEAP_IDS = VISITOR.map((event) => ({
  ...event,
  integrations: { All: true, 'Heap.io': { user_id: '4711', session_id: '77' } },
}));

/** Sends the events of the visitor through the function to the Heap simulator. Returns a row of the page. */
async function rowOf(setting: string, config: JsonObject, sent = VISITOR): Promise<string> {
  const bodies = sent.map((event) => ({ body: JSON.stringify(event) }));
  const { heap, reports } = await runWorld({ ...CALM, bodies, config });
  const { events, users } = heap.contents();
  const ids = [...events, ...users].map(idOf);
  const inHeap = [...new Set(ids)].toSorted().map((id) => {
    const count = events.filter((event) => idOf(event) === id).length;
    return `\`${id}\` with ${count} event${count === 1 ? '' : 's'}`;
  });
  const reasons = reports.flatMap(({ outcomes }) => outcomes.map((one) => (one.kind === 'filtered' ? one.reason : '')));
  const filtered = reasons.filter((reason) => reason === 'anonymous').length;
  return [setting, String(inHeap.length), inHeap.join(', '), String(filtered)].join(' | ');
}

function idOf({ identity, user_id: userId }: { readonly identity?: unknown; readonly user_id?: unknown }): string {
  return String(identity ?? userId);
}

test('the page says what becomes of one visitor who signs up, as the simulator has it', async () => {
  const rows = [
    await rowOf('`"identity"`, as RudderStack', {}),
    await rowOf('`"drop"`', { anonymousEvents: 'drop' }),
    await rowOf('either, with [ids of Heap](#heaps-own-session)', { anonymousEvents: 'drop' }, WITH_HEAP_IDS),
  ];
  expect(rows).toEqual([
    '`"identity"`, as RudderStack | 2 | `a-1` with 2 events, `u-1` with 1 event | 0',
    '`"drop"` | 1 | `u-1` with 1 event | 2',
    'either, with [ids of Heap](#heaps-own-session) | 2 | `4711` with 2 events, `u-1` with 1 event | 0',
  ]);
  expect(await rowOf('either, with [ids of Heap](#heaps-own-session)', {}, WITH_HEAP_IDS)).toBe(rows[2]);
  const page = readPage('docs/mapping.md').text.replaceAll(/ +/g, ' ');
  for (const row of rows) expect(page).toContain(`| ${row} |`);
});
