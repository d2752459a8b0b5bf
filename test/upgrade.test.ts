import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SendMessageCommand, type MessageAttributeValue } from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import { environmentFor, heapq } from './support/heapq.ts';
import { messageIdIn } from './support/idempotency-keys.ts';
import { attributesOf, startHarness, type Harness } from './support/lambda-harness.ts';

/**
 * This version processes the queues of an older one: docs/upgrading.md. The fixtures hold messages, and the outcomes that they
 * had in the older version (test/fixtures/upgrade/README.md).
 */
const Attribute = v.object({ DataType: v.string(), StringValue: v.string() });
const Outcome = v.object({
  heap: v.object({ events: v.array(v.unknown()), users: v.array(v.unknown()) }),
  deadLetters: v.array(v.object({ reason: v.string(), eventMessageId: v.nullable(v.string()), body: v.string() })),
});
const Bodies = v.object({
  bodies: v.array(v.object({ writtenBy: v.string(), how: v.string(), body: v.string() })),
  ...Outcome.entries,
});
const DeadLetters = v.object({
  deadLetters: v.array(v.object({ body: v.string(), attributes: v.record(v.string(), Attribute) })),
  afterRedrive: Outcome,
});

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, 'fixtures', 'upgrade', name), 'utf8'));
}

const { bodies, heap, deadLetters: rejectedBodies } = v.parse(Bodies, fixture('bodies.json'));
const { deadLetters, afterRedrive } = v.parse(DeadLetters, fixture('dead-letters.json'));
const reasonOf = ({ attributes }: (typeof deadLetters)[number]): string => attributes['reason']?.StringValue ?? 'none';

let harness: Harness;
beforeEach(async () => {
  // docs/upgrading.md: with this setting an event keeps the key that the older version has given it.
  harness = await startHarness({ DESTINATION_CONFIG: '{"appId":"11","idempotencyKey":"messageId"}' });
});
afterEach(() => harness.stop());

/** For comparisons in which the order does not matter. */
function sorted<Item>(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function inAnyOrder({ heap: { events, users }, deadLetters: left }: v.InferOutput<typeof Outcome>) {
  return { heap: { events: sorted(events), users: sorted(users) }, deadLetters: sorted(left), givenBack: 0 };
}

/** Invokes the function once, and returns the contents of Heap and the dead-letter queue. */
async function outcome() {
  const { givenBack } = await harness.invokeOnce();
  const left = (await harness.deadLetters()).map((message) => {
    const { reason = 'none', eventMessageId = null } = attributesOf(message);
    return { reason, eventMessageId, body: message.Body ?? '' };
  });
  const { events, users } = harness.heapServer.heap.contents();
  const found = inAnyOrder({ heap: { events: [...events], users: [...users] }, deadLetters: left });
  return { ...found, givenBack: givenBack.length };
}

async function put(queueUrl: string, body: string, attributes: Record<string, MessageAttributeValue>): Promise<void> {
  await harness.client.send(
    new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageAttributes: attributes }),
  );
}

async function putDeadLetters(): Promise<void> {
  for (const { body, attributes } of deadLetters) await put(harness.queues.deadLetterQueueUrl, body, attributes);
}

test('a queue that an older version filled is emptied, with the same idempotency keys', async () => {
  for (const { body } of bodies) await harness.send(body);
  expect(await outcome()).toEqual(inAnyOrder({ heap, deadLetters: rejectedBodies }));
});

test('without the setting that keeps the keys, they are the same except for the digest of the content', async () => {
  await harness.stop();
  harness = await startHarness();
  for (const { body } of bodies) await harness.send(body);
  const keyOf = (event: unknown): unknown => Object(event).idempotency_key;
  const keys = new Set(heap.events.map(keyOf));
  const withoutDigest = (event: unknown): unknown =>
    keys.has(keyOf(event)) ? event : { ...Object(event), idempotency_key: messageIdIn(keyOf(event)) };
  const found = await outcome();
  const expected = inAnyOrder({ heap, deadLetters: rejectedBodies });
  expect(sorted(found.heap.events.map(withoutDigest))).toEqual(expected.heap.events);
  expect({ ...found, heap: found.heap.users }).toEqual({ ...expected, heap: expected.heap.users });
});

/** Reasons that came after that version. */
const LATER: ReadonlySet<string> = new Set(['missing_group', 'transformation_failed']);

test('the fixtures have a dead letter for every reason of that version', () => {
  const source = readFileSync(join(__dirname, '..', 'lib', 'outcome.ts'), 'utf8');
  const union = /export type RejectReason =([^;]+);/.exec(source)?.[1] ?? '';
  const reasons = [...union.matchAll(/'(\w+)'/g)].map(([, reason = '']) => reason).filter((one) => !LATER.has(one));
  expect(reasons).toContain('not_json');
  expect([...new Set(deadLetters.map(reasonOf))].toSorted()).toEqual([...reasons, 'none'].toSorted());
});

describe('dead letters of an older version', () => {
  beforeEach(putDeadLetters);

  test('are counted by their reasons', async () => {
    const { code, out } = await heapq(['dead-letters', 'list', '--json'], environmentFor(harness.queues));
    const list = v.parse(
      v.object({ count: v.number(), reasons: v.array(v.object({ reason: v.string(), count: v.number() })) }),
      JSON.parse(out),
    );
    const counts = Map.groupBy(deadLetters, reasonOf);
    expect([code, list.count]).toEqual([0, deadLetters.length]);
    expect(Object.fromEntries(list.reasons.map(({ reason, count }) => [reason, count]))).toEqual(
      Object.fromEntries([...counts].map(([reason, ofReason]) => [reason, ofReason.length])),
    );
  });

  test.each([
    ['dead-refused', 'heap_refused'],
    ['dead-exhausted', 'retries_exhausted'],
    ['dead-of-batch', 'missing_event'],
  ])('%s is shown with its reason %s', async (id, reason) => {
    const { code, out } = await heapq(['dead-letters', 'show', id], environmentFor(harness.queues));
    expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`reason +${reason}[^]*"messageId": "${id}"`))]);
  });

  test('have the same outcome as in the older version when they are sent again', async () => {
    expect(await heapq(['dead-letters', 'redrive', '--all', '--yes'], environmentFor(harness.queues))).toMatchObject({
      code: 0,
    });
    expect(await outcome()).toEqual(inAnyOrder(afterRedrive));
  });

  test('keep their sender’s attributes and their number of redrives when they fail again', async () => {
    await heapq(['dead-letters', 'redrive', '--id', 'dead-own-attributes', '--yes'], environmentFor(harness.queues));
    await harness.invokeOnce();
    const again = (await harness.deadLetters()).map(attributesOf);
    expect(again).toHaveLength(deadLetters.length);
    expect(again).toContainEqual(
      expect.objectContaining({ eventMessageId: 'dead-own-attributes', source: 'shop', redrives: '2' }),
    );
  });
});

test('dead letters that SQS’s own redrive has moved back, with their attributes, have the same outcome too', async () => {
  for (const { body, attributes } of deadLetters) await put(harness.queues.queueUrl, body, attributes);
  expect(await outcome()).toEqual(inAnyOrder(afterRedrive));
});
