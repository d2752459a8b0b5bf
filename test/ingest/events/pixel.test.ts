import { readPixel } from '../../../lib/ingest/events/pixel.ts';

function pixel(type: 'track' | 'page', query: string) {
  return readPixel(type, new URLSearchParams(query));
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
        properties: { campaign: 'May', 'price.net': '10' },
        traits: { x: '1' },
        context: { ip: '192.0.2.1', traits: { plan: 'pro' }, library: { name: 'pixel' } },
      },
    ],
  });
});

test.each([
  ['track', 'anonymousId=a', []],
  ['track', 'anonymousId=a&event=', []],
  ['page', 'anonymousId=a', [{ name: 'Unknown Page' }]],
  ['page', 'anonymousId=a&name=Home', [{ name: 'Home' }]],
] as const)('%s?%s gives %j', (type, query, events) => {
  expect(pixel(type, query)).toMatchObject({ events });
});

test('the type is that of the path, whatever a parameter says', () => {
  expect(pixel('track', 'anonymousId=a&event=e&type=identify&channel=server')).toMatchObject({
    events: [{ type: 'track', channel: 'web' }],
  });
});

test('a pixel without a user is refused', () => {
  expect(pixel('track', 'event=e&userId=%20')).toMatchObject({ kind: 'refused', reason: 'missing_identity' });
});

test('the SDK that the query names is the event’s library, as on AMP pages', () => {
  expect(pixel('track', 'anonymousId=a&event=e&context.library.name=Rudderstack+AMP+SDK')).toMatchObject({
    events: [{ context: { library: { name: 'Rudderstack AMP SDK' } } }],
  });
});
