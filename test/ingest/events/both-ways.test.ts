import { decide } from '../../../lib/mapping/decide.ts';
import { isObject, type JsonObject } from '../../../lib/json.ts';
import type { EventQueue } from '../../../lib/ingest/events/event-queue.ts';
import { takeEvents } from '../../../lib/ingest/events/take-events.ts';
import { findRoute } from '../../../lib/ingest/http/routes.ts';
import { unwrap, type Enveloped } from '../../../lib/rudderstack/envelope.ts';
import { createVirtualTime } from '../../../local/virtual/time.ts';
import { settingsWith } from '../../support/settings.ts';

/** What becomes of a request: how it is answered, and what the forwarder reads in the queue. */
interface Sent {
  readonly taken: string;
  readonly events: readonly Enveloped[];
}

/** Sends requests to the HTTP endpoint, and reads them as the forwarder does. */
function startEndpoint(isFifo = false) {
  const { clock } = createVirtualTime();
  const bodies: string[] = [];
  const queue: EventQueue = {
    isFifo,
    async sendBatch(messages) {
      bodies.push(...messages.map(({ body }) => body));
      return messages.map(() => ({ kind: 'sent' }));
    },
  };
  return async (method: string, path: string, body: unknown = '', query = ''): Promise<Sent> => {
    const route = findRoute(method, path);
    if (!('authentication' in route)) throw new Error(`${path} takes no events`);
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const request = {
      method,
      path,
      query: new URLSearchParams(query),
      headers: {},
      body: bytes,
      isDecodedBody: false,
      sourceIp: '192.0.2.7',
    };
    const reception = { source: 'web', deadline: clock.now() + 10_000 };
    const taken = await takeEvents(request, route, reception, {
      queue,
      deadLetterQueue: queue,
      clock,
      random: () => 0.5,
      onFailure: () => undefined,
    });
    const events = bodies.flatMap((one) => unwrap(one));
    bodies.length = 0;
    return { taken: taken.kind === 'refused' ? taken.reason : taken.kind, events };
  };
}

/** What the forwarder decides on each event: what Heap gets, or the reason why it gets nothing. */
function decisions(events: readonly Enveloped[], config: JsonObject = {}): readonly unknown[] {
  return events.map((one) => {
    if (one.kind === 'rejected') return one.rejection.reason;
    const decision = decide(one.event, settingsWith(config));
    return decision.kind === 'mapped' ? decision.call.payload : decision.reason;
  });
}

const inner = { type: 'track', userId: 'other', event: 'Inner' };
const FIELDS: Readonly<Record<string, JsonObject>> = {
  EventBridge: { 'detail-type': 'express', detail: inner },
  SNS: { Type: 'Notification', Message: JSON.stringify(inner) },
  'API Gateway': { body: JSON.stringify(inner), requestContext: {} },
  SQS: { body: JSON.stringify(inner), receiptHandle: 'h', eventSource: 'aws:sqs' },
  Kinesis: { data: Buffer.from(JSON.stringify(inner)).toString('base64'), partitionKey: 'p' },
  Kafka: { topic: 't', partition: 0, value: JSON.stringify(inner) },
  batch: { batch: [inner, inner] },
  message: { message: inner },
  'S3 notification': { Records: [{ eventSource: 'aws:s3', s3: {} }] },
  pointer: { s3BucketName: 'b', s3Key: 'k' },
};

describe('what the HTTP endpoint has taken is an event and is not unwrapped, even if it looks like an envelope of', () => {
  test.each(Object.entries(FIELDS))('%s', async (_, fields) => {
    const send = startEndpoint();
    const event = { userId: 'u', event: 'Order placed', properties: { a: 1 }, ...fields };
    const delivered = { identity: 'u', event: 'Order placed', properties: { a: 1 } };

    const single = await send('POST', '/v1/track', event);
    expect([single.taken, decisions(single.events)]).toMatchObject(['taken', [delivered]]);
    const batch = await send('POST', '/v1/batch', {
      batch: [{ ...event, type: 'track' }, event, { ...event, type: 'x' }],
    });
    expect([batch.taken, decisions(batch.events)]).toMatchObject([
      'taken',
      [delivered, 'missing_type', 'unknown_type'],
    ]);
    const webhook = await send('POST', '/webhook', { ...event, type: 'track' });
    expect([webhook.taken, decisions(webhook.events)]).toMatchObject(['taken', [delivered]]);
    const straight = unwrap(JSON.stringify({ ...event, type: 'track' }));
    expect(decisions(straight)).toMatchObject([delivered]);

    // A dead letter of a batch is the event alone. Sent again, it is the same event.
    for (const one of batch.events) expect(decisions(unwrap(one.text()))).toEqual(decisions([one]));
  });
});

describe('copies of an event without a messageId', () => {
  const event = { userId: 'u', event: 'A', type: 'track', originalTimestamp: '2026-11-23T09:00:00Z' };
  const idsOf = ({ events }: Sent): readonly unknown[] =>
    events.map((one) => (one.kind === 'event' ? one.event.messageId : one.rejection));

  test.each(['/v1/track', '/v1/batch', '/webhook'])('by %s have the id of the first', async (path) => {
    const send = startEndpoint();
    const body = (sentAt: string): JsonObject => {
      const one = { ...event, sentAt };
      return path === '/v1/batch' ? { batch: [one, { ...one, event: 'B' }, one], sentAt } : one;
    };
    const first = idsOf(await send('POST', path, body('2026-11-23T09:00:01Z')));
    expect(new Set(first).size).toBe(first.length);
    expect(idsOf(await send('POST', path, body('2026-11-23T09:05:00Z')))).toEqual(first);
  });

  test('have one key in Heap, by HTTP and straight to the queue', async () => {
    const send = startEndpoint();
    const keyOf = ([decision]: readonly unknown[]): unknown => isObject(decision) && decision['idempotency_key'];
    const keys = [await send('POST', '/v1/track', event), await send('POST', '/v1/track', event)].map(({ events }) =>
      keyOf(decisions(events)),
    );
    expect(keys[0]).toEqual(expect.any(String));
    expect(keys[1]).toBe(keys[0]);
    const straight = JSON.stringify(event);
    expect(keyOf(decisions(unwrap(straight)))).toBe(keyOf(decisions(unwrap(straight))));
  });

  test('equal pixels are several events, since nothing repeats them', async () => {
    const send = startEndpoint();
    const query = 'anonymousId=a&event=Opened&context.library.name=Rudderstack+AMP+SDK';
    const ids = [
      ...idsOf(await send('GET', '/pixel/v1/track', '', query)),
      ...idsOf(await send('GET', '/pixel/v1/track', '', query)),
    ];
    expect(new Set(ids).size).toBe(2);
  });
});

describe('a pixel', () => {
  const amp = 'anonymousId=%22amp-1%22&context.library.name=Rudderstack+AMP+SDK&event=Read';
  const denied = 'context.consentManagement.provider=custom&context.consentManagement.deniedConsentIds.0=c1';
  const rule = [{ provider: 'custom', consents: [{ consent: 'c1' }], resolutionStrategy: 'and' }];
  const delivered = { identity: 'amp-1', event: 'Read' };
  test.each<[string, string, JsonObject, unknown]>([
    ['of an AMP page', amp, {}, delivered],
    ['of an AMP page has no device mode', amp, { useNativeSDK: { web: true } }, delivered],
    ['without a library has none either', 'anonymousId=amp-1&event=Read', { useNativeSDK: { web: true } }, delivered],
    ['without a name is kept, and has a reason', 'anonymousId=a', {}, 'missing_event'],
    ['with an empty name, too', 'anonymousId=a&event=', {}, 'missing_event'],
    ['for other destinations', `${amp}&integrations.Heap.io=false`, {}, 'integrations'],
    ['for no destination', `${amp}&integrations.All=false`, {}, 'integrations'],
    ['for Heap alone', `${amp}&integrations.All=false&integrations.Heap.io=true`, {}, delivered],
    ['of a user who has denied', `${amp}&${denied}`, { consentManagement: { amp: rule } }, 'consent'],
    [
      'of the source amp, not of web',
      `${amp}&${denied}`,
      { consentManagement: { web: rule, flutter: rule } },
      delivered,
    ],
    ['of another channel', `${amp}&channel=mobile`, {}, delivered],
    ['with nested properties', `${amp}&properties.a.b=1`, {}, { ...delivered, properties: { 'a.b': '1' } }],
  ])('%s', async (_, query, config, expected) => {
    const { taken, events } = await startEndpoint()('GET', '/pixel/v1/track', '', query);
    expect(taken).toBe('taken');
    expect(decisions(events, config)).toMatchObject([expected]);
    // The same event straight to the queue.
    const straight = events.map((one) => (one.kind === 'event' ? JSON.stringify(one.event) : ''));
    expect(straight.flatMap((body) => decisions(unwrap(body), config))).toMatchObject([expected]);
  });
});
