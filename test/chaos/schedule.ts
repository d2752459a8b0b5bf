import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { JsonObject } from '../../lib/json.ts';
import type { QueueFault } from '../../local/virtual/function-queues.ts';
import type { HeapFault } from '../../local/virtual/heap-transport.ts';
import type { Circumstances } from '../../local/virtual/world.ts';

/** What has to become of an event in the end. */
export type Fate = 'event' | 'user' | 'filtered' | 'rejected' | 'refused_event' | 'refused_user' | 'garbage';

/** An event as it was sent, and what has to become of it. */
export interface Sent {
  readonly fate: Fate;
  /** Found again in whatever the event ends up as, and in nothing else. */
  readonly marker: string;
  readonly identity: string;
  readonly groupId: string;
}

/** A run: what is sent, and everything that goes wrong on the way. */
export interface Schedule extends Circumstances {
  readonly messages: readonly MessagePlan[];
  /** The messages are sent so many times over, as other events. */
  readonly copies: number;
}

interface EventPlan {
  readonly fate: Fate;
  readonly user: number;
  readonly hasMessageId: boolean;
}

interface MessagePlan {
  readonly envelope: Envelope;
  readonly events: readonly EventPlan[];
}

const ENVELOPES = ['bare', 'array', 'batch', 'eventbridge', 'sns', 'wrapper', 'gzip', 'proxy'] as const;
type Envelope = (typeof ENVELOPES)[number];

const eventPlan: fc.Arbitrary<EventPlan> = fc.record({
  fate: fc.oneof(
    { weight: 10, arbitrary: fc.constant<Fate>('event') },
    { weight: 4, arbitrary: fc.constant<Fate>('user') },
    { weight: 4, arbitrary: fc.constantFrom<Fate>('filtered', 'rejected', 'refused_event', 'refused_user', 'garbage') },
  ),
  user: fc.integer({ min: 0, max: 6 }),
  hasMessageId: fc.boolean(),
});

const messagePlan: fc.Arbitrary<MessagePlan> = fc.record({
  envelope: fc.constantFrom(...ENVELOPES),
  events: fc.array(eventPlan, { minLength: 1, maxLength: 4 }),
});

const heapFault: fc.Arbitrary<HeapFault> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<HeapFault>({ kind: 'none' }) },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        kind: fc.constant('status' as const),
        status: fc.constantFrom(429, 408, 500, 502, 503, 504, 301, 307),
        retryAfter: fc.constantFrom('0', '3', '40', '900', 'Tue, 01 Jan 2030 00:00:00 GMT', 'soon'),
      },
      { requiredKeys: ['kind', 'status'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), isStored: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('silence' as const), isStored: fc.boolean() }) },
);

/** Random batches and everything that the network, Heap, SQS and Lambda may do to them. */
export const schedules: fc.Arbitrary<Schedule> = fc
  .record({
    seed: fc.integer(),
    messages: fc.array(messagePlan, { minLength: 1, maxLength: 25 }),
    copies: fc.oneof({ weight: 30, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(40) }),
    isFifo: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    batchSize: fc.constantFrom(1, 10, 100, 1000),
    maximumConcurrency: fc.constantFrom(1, 2, 3),
    heapFaults: fc.array(heapFault, { maxLength: 40 }),
    latenciesMs: fc.array(fc.constantFrom(0, 20, 300, 2000, 9000, 15_000), { maxLength: 30 }),
    steadyLatencyMs: fc.constantFrom(0, 20, 300, 2000),
    queueFaults: fc.array(fc.constantFrom<QueueFault>('none', 'some_fail', 'throws'), { maxLength: 8 }),
    queueLatenciesMs: fc.array(fc.constantFrom(10, 10, 200, 3000, 20_000, 70_000), { maxLength: 8 }),
    crashes: fc.array(fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined, freq: 3 }), { maxLength: 5 }),
    duplicateShare: fc.constantFrom(0, 0, 0.1, 0.5),
    isAtomic: fc.boolean(),
    mostEntries: fc.oneof(
      { weight: 5, arbitrary: fc.constant(1000) },
      { weight: 1, arbitrary: fc.constantFrom(3, 50) },
    ),
  })
  // A Heap that takes two seconds for three entries gets nothing done before the receives are used up, and nobody could.
  .map((schedule) => (schedule.mostEntries === 1000 ? schedule : { ...schedule, steadyLatencyMs: 20 }));

/** What the messages of a schedule hold. */
export interface Mail {
  readonly bodies: readonly { readonly body: string; readonly groupId: string }[];
  readonly sent: readonly Sent[];
}

export function writeMail({ messages, copies }: Pick<Schedule, 'messages' | 'copies'>): Mail {
  const sent: Sent[] = [];
  const bodies = Array.from({ length: copies }).flatMap((_, copy) =>
    messages.map(({ envelope, events }, index) => {
      const groupId = `group-${events[0]?.user ?? 0}`;
      const plans = holdsOne(envelope) ? events.slice(0, 1) : events;
      const parts = plans.map((plan, part) => {
        const marker = `<${copy}.${index}.${part}>`;
        const identity = `user-${plan.user}`;
        sent.push({ fate: plan.fate, marker, identity, groupId });
        return writeEvent(plan, marker, identity);
      });
      return { body: putInto(envelope, parts), groupId };
    }),
  );
  return { bodies, sent };
}

function holdsOne(envelope: Envelope): boolean {
  return envelope !== 'array' && envelope !== 'batch' && envelope !== 'gzip';
}

function writeEvent({ fate, hasMessageId }: EventPlan, marker: string, identity: string): unknown {
  const messageId = hasMessageId ? { messageId: `id-${marker}` } : {};
  const bad = fate.startsWith('refused') ? { bad: true } : {};
  switch (fate) {
    case 'garbage':
      return `garbage ${marker}`;
    case 'filtered':
      return { type: 'page', userId: identity, name: marker, ...messageId };
    case 'rejected':
      return { type: 'track', userId: identity, properties: { marker }, ...messageId };
    case 'user':
    case 'refused_user':
      return { type: 'identify', userId: identity, traits: { [`m${marker}`]: 1, ...bad }, ...messageId };
    case 'event':
    case 'refused_event':
      return { type: 'track', event: 'Happened', userId: identity, properties: { marker, ...bad }, ...messageId };
  }
}

function putInto(envelope: Envelope, parts: readonly unknown[]): string {
  const json = JSON.stringify;
  const [first] = parts;
  switch (envelope) {
    case 'bare':
      return json(first);
    case 'array':
      return json(parts);
    case 'batch':
      return json({ batch: parts, sentAt: 'now' });
    case 'eventbridge':
      return json({ version: '0', 'detail-type': 'event', detail: first });
    case 'sns':
      return json({ Type: 'Notification', TopicArn: 'arn', Message: json(first) });
    case 'wrapper':
      return json(typeof first === 'object' ? { message: first } : first);
    case 'gzip':
      return gzipSync(json({ batch: parts })).toString('base64');
    case 'proxy':
      return json({ requestContext: {}, body: Buffer.from(json(first)).toString('base64'), isBase64Encoded: true });
  }
}

/** Heap refuses, for good, whatever a schedule has made bad. */
export function isBad({ properties }: JsonObject): boolean {
  return typeof properties === 'object' && properties !== null && 'bad' in properties;
}
