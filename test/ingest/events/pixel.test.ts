import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPixel } from '../../../lib/ingest/events/pixel.ts';

function pixel(type: 'track' | 'page', query: string) {
  const read = readPixel(type, new URLSearchParams(query));
  if (read.kind === 'refused') return read;
  const [element] = read.elements;
  if (element?.kind !== 'event') return { kind: 'refused', reason: element?.reason } as const;
  return { kind: 'events', sentAt: read.sentAt, events: [element.event] } as const;
}

test('parameters become strings of the event, and dotted ones become members of their objects', () => {
  const query =
    'writeKey=secret&userId=u-1&event=Mail+Opened&properties.campaign=May&properties.price.net=10&context.ip=192.0.2.1&context.traits.plan=pro&traits.x=1&messageId=m-1';
  expect(pixel('track', query)).toEqual({
    kind: 'events',
    sentAt: undefined,
    events: [
      {
        type: 'track',
        channel: 'web',
        integrations: { All: true },
        userId: 'u-1',
        event: 'Mail Opened',
        messageId: 'm-1',
        properties: { campaign: 'May', price: { net: '10' } },
        traits: { x: '1' },
        context: { ip: '192.0.2.1', traits: { plan: 'pro' }, library: { name: 'pixel' } },
      },
    ],
  });
});

test.each([
  ['track', 'anonymousId=a', [{ type: 'track', anonymousId: 'a' }]],
  ['track', 'anonymousId=a&event=', [{ type: 'track', event: '' }]],
  ['page', 'anonymousId=a', [{ name: 'Unknown Page' }]],
  ['page', 'anonymousId=a&name=Home', [{ name: 'Home' }]],
] as const)('%s?%s gives %j', (type, query, events) => {
  expect(pixel(type, query)).toMatchObject({ events });
});

test('the type is that of the path, whatever a parameter says', () => {
  expect(pixel('track', 'anonymousId=a&event=e&type=identify')).toMatchObject({ events: [{ type: 'track' }] });
});

/** The event of a query without its type, channel, integrations and user. */
function eventOf(query: string): object {
  const read = pixel('track', `anonymousId=a&${query}`);
  return read.kind === 'events' ? (read.events[0] ?? {}) : read;
}

const NO_DESTINATION_CHANGED = { All: true };
test.each<[string, object]>([
  [
    'context.page.path=/a&context.page.title=T',
    { context: { page: { path: '/a', title: 'T' }, library: { name: 'pixel' } } },
  ],
  ['a.b.c.d=1&a.b.e=2', { a: { b: { c: { d: '1' }, e: '2' } } }],
  [
    'properties.products.0.sku=x&properties.products.1.sku=y',
    { properties: { products: [{ sku: 'x' }, { sku: 'y' }] } },
  ],
  ['properties.sizes.1=x', { properties: { sizes: { 1: 'x' } } }],
  ['properties.a%5C.b=1', { properties: { 'a.b': '1' } }],
  ['properties.=1&.x=2&a..b=3', { 'properties.': '1', '.x': '2', 'a..b': '3' }],
  ['properties.a=1&properties.a=2', { properties: { a: '1' } }],
  ['properties.a=1&properties.a.b=2', { properties: { a: { b: '2' } } }],
  ['properties.a.b=2&properties.a=1', { properties: { a: { b: '2' } } }],
  ['context=x', { context: { library: { name: 'pixel' } } }],
  ['context.library=x', { context: { library: { name: 'pixel' } } }],
  ['channel=mobile', { channel: 'mobile' }],
  ['channel=', { channel: 'web' }],
  ['x=1', { channel: 'web', integrations: NO_DESTINATION_CHANGED }],
  ['integrations=', { integrations: NO_DESTINATION_CHANGED }],
  ['integrations=none', { integrations: 'none' }],
  ['integrations.All=false', { integrations: { All: false } }],
  ['integrations.Heap.io=false', { integrations: { All: true, 'Heap.io': false } }],
  ['integrations.Heap%5C.io=FALSE', { integrations: { All: true, 'Heap.io': false } }],
  ['integrations.All=false&integrations.Heap.io=true', { integrations: { All: false, 'Heap.io': true } }],
  ['integrations.All=no', { integrations: { All: 'no' } }],
])('the query %s gives %j', (query, expected) => {
  const event = eventOf(query);
  expect(event).toMatchObject(expected);
  for (const [key, value] of Object.entries(expected)) expect(event).toHaveProperty([key], value);
});

test.each([
  ['%22amp-1%22', 'amp-1'],
  ['amp-1', 'amp-1'],
  ['%22amp-1', '%22amp-1'],
  ['%22a%22b%22', 'a%22b'],
  ['%22%22amp-1%22%22', '%22amp-1%22'],
])('one pair of quotes around the anonymousId is removed: %s becomes %s', (given, expected) => {
  const read = pixel('track', `anonymousId=${given}`);
  expect(read).toMatchObject({ events: [{ anonymousId: decodeURIComponent(expected) }] });
});

test('an id that consists of quotes is none', () => {
  expect(pixel('track', 'anonymousId=%22%22')).toMatchObject({ kind: 'refused', reason: 'missing_identity' });
});

test('a name that is nested too deeply is refused', () => {
  const name = (levels: number): string => Array.from({ length: levels }, () => 'a').join('.');
  expect(pixel('track', `anonymousId=a&${name(200)}=1`)).toMatchObject({ kind: 'events' });
  expect(pixel('track', `anonymousId=a&${name(201)}=1`)).toMatchObject({ kind: 'refused', reason: 'too_deep' });
  expect(pixel('track', `anonymousId=a&${name(100_000)}=1`)).toMatchObject({ kind: 'refused', reason: 'too_deep' });
});

test('no name of a parameter changes what objects are', () => {
  const event = eventOf('properties.__proto__.polluted=1&properties.constructor.x=1');
  expect(JSON.parse(JSON.stringify(event))).toMatchObject({ properties: { constructor: { x: '1' } } });
  expect(Object.keys(Object(event).properties)).toContain('__proto__');
  expect(eventOf('__proto__.polluted=1')).toEqual({ kind: 'refused', reason: 'forbidden_key' });
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
});

test('a pixel without a user is refused', () => {
  expect(pixel('track', 'event=e&userId=%20')).toMatchObject({ kind: 'refused', reason: 'missing_identity' });
});

test('the SDK that the query names is the event’s library, as on AMP pages', () => {
  expect(pixel('track', 'anonymousId=a&event=e&context.library.name=Rudderstack+AMP+SDK')).toMatchObject({
    events: [{ context: { library: { name: 'Rudderstack AMP SDK' } } }],
  });
});

/**
 * The requests of RudderStack's configuration in AMP's own list of vendors, with the variables of a page put in.
 *
 * @see https://github.com/ampproject/amphtml/blob/main/extensions/amp-analytics/0.1/vendors/rudderstack.json
 */
describe('what an AMP page sends', () => {
  const encode = encodeURIComponent;
  const userAgent = 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36';
  const page = { path: '/amp/story', url: 'https://news.example.com/amp/story', referrer: '', title: 'A Story' };
  const base = [
    'writeKey=k&context.library.name=Rudderstack%20AMP%20SDK&context.library.version=1.0.0&context.platform=AMP',
    `anonymousId=${encode('"amp-9kXw2LmQ7"')}&context.locale=en-us&context.userAgent=${encode(userAgent)}`,
    ...Object.entries(page).map(([key, value]) => `context.page.${key}=${encode(value)}`),
    'context.screen.width=390&context.screen.height=844',
  ].join('&');
  const properties = Object.entries(page).map(([key, value]) => `properties.${key}=${encode(value)}`);
  const samples: unknown = JSON.parse(readFileSync(join(__dirname, '../../../events/amp.json'), 'utf8'));

  test('is what the sample events are', () => {
    const sent = [
      pixel('page', `${base}&${properties.join('&')}&name=`),
      pixel('track', `${base}&event=Story%20Read&properties.story=queues&properties.percent=80`),
    ];
    const events = sent.flatMap((one) => (one.kind === 'events' ? one.events : []));
    expect(samples).toMatchObject(events);
    expect(events[0]).toEqual({
      type: 'page',
      name: 'Unknown Page',
      channel: 'web',
      integrations: { All: true },
      anonymousId: 'amp-9kXw2LmQ7',
      context: {
        library: { name: 'Rudderstack AMP SDK', version: '1.0.0' },
        platform: 'AMP',
        locale: 'en-us',
        userAgent,
        page,
        screen: { width: '390', height: '844' },
      },
      properties: page,
    });
  });
});
