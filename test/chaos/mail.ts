import { gzipSync } from 'node:zlib';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { TransformEvent } from '../../lib/transformation/transform-event.ts';
import type { Arrival } from '../../local/virtual/world.ts';
import { writeHostile } from './hostile.ts';
import {
  appIdOf,
  fateOf,
  PARTS,
  type Envelope,
  type EventPlan,
  type MessagePlan,
  type Schedule,
  type Sent,
} from './schedule.ts';

/** What the messages of a schedule hold. */
export interface Mail {
  readonly bodies: readonly Required<Arrival>[];
  /** For each body, what is in it. */
  readonly sent: readonly (readonly Sent[])[];
}

export function writeMail({
  messages,
  copies,
  apps,
  arrivalMs,
  isTransforming,
}: Pick<Schedule, 'messages' | 'copies' | 'apps' | 'arrivalMs' | 'isTransforming'>): Mail {
  const written = Array.from({ length: copies }).flatMap((_, copy) =>
    messages.map((plan, index) => writeMessage(plan, `${copy}.${index}`, apps, isTransforming)),
  );
  return {
    bodies: written.map(({ body, groupId }, index) => ({ body, groupId, arrivesAtMs: index * arrivalMs })),
    sent: written.map(({ sent }) => sent),
  };
}

interface WrittenMessage {
  readonly body: string;
  readonly groupId: string;
  readonly sent: readonly Sent[];
}

function writeMessage(plan: MessagePlan, name: string, apps: number, isTransforming: boolean): WrittenMessage {
  if (plan.kind === 'hostile') {
    const marker = `<${name}.0>`;
    const { body, ...hostile } = writeHostile(plan.shape, plan.size, marker, `hostile-${name}`);
    return { body, groupId: `group-${plan.user}`, sent: [{ fate: 'hostile', marker, appId: appIdOf(0), hostile }] };
  }
  const { envelope, events } = plan;
  const parts = (holdsOne(envelope) ? events.slice(0, 1) : events).map((planned, part) => {
    const event = { ...planned, fate: fateOf(planned, isTransforming) };
    const marker = `<${name}.${part}>`;
    const app = event.app % apps;
    return { value: writeEvent(event, marker, app), sent: sentOf(event, marker, appIdOf(app)) };
  });
  const values = parts.map(({ value }) => value);
  return {
    body: putInto(envelope, values),
    groupId: `group-${events[0]?.user ?? 0}`,
    sent: parts.map(({ sent }) => sent),
  };
}

function sentOf({ fate, user }: EventPlan, marker: string, appId: string): Sent {
  return { fate, marker, appId, ...(fate === 'account' && { member: `user-${user}` }) };
}

let transformed = 0;

/** Drops, splits and refuses what says so. It never gives the same twice, as one that adds the time. */
export const transformEvent: TransformEvent = (event) => {
  const { fate, marker } = Object(Object(event)['properties']);
  if (fate === 'dropped') return null;
  if (fate === 'thrown') throw new Error(`as planned for ${String(marker)}`);
  if (!PARTS.has(fate)) return event;
  transformed += 1;
  const part = { ...Object(event), properties: { marker, transformed } };
  if (fate === 'split') return [part, part, { ...part, type: 'identify', traits: { [`m${String(marker)}`]: 1 } }];
  const bad = fate === 'refused_part' ? { properties: { marker, bad: true } } : { event: '' };
  return [part, { ...part, ...bad }, part];
};

function holdsOne(envelope: Envelope): boolean {
  return envelope !== 'array' && envelope !== 'batch' && envelope !== 'gzip';
}

/** The account is taken, and refused as a property of a user. */
const BAD_ACCOUNT = 'account-bad';

function writeEvent({ fate, user, hasMessageId }: EventPlan, marker: string, app: number): unknown {
  const userId = `user-${user}`;
  const common = {
    userId,
    ...(hasMessageId ? { messageId: `id-${marker}` } : {}),
    ...(app === 0 ? {} : { context: { app: appIdOf(app) } }),
  };
  const bad = fate.startsWith('refused_') ? { bad: true } : {};
  switch (fate) {
    case 'garbage':
      return `garbage ${marker}`;
    case 'filtered':
      return { type: 'alias', previousId: marker, ...common };
    case 'rejected':
      return { type: 'track', properties: { marker }, ...common };
    case 'page':
      return { type: user % 2 === 0 ? 'page' : 'screen', name: 'Home', properties: { marker }, ...common };
    case 'user':
    case 'refused_user':
      return { type: 'identify', traits: { [`m${marker}`]: 1, ...bad }, ...common };
    case 'account':
    case 'refused_account':
      return { type: 'group', groupId: `account-${user}`, traits: { [`m${marker}`]: 1, ...bad }, ...common };
    case 'refused_member':
      // A user of its own: a later account of the same user would take the place of the bad one.
      return { type: 'group', groupId: BAD_ACCOUNT, traits: { [`m${marker}`]: 1 }, ...common, userId: `bad-${user}` };
    case 'split':
    case 'refused_part':
    case 'rejected_part':
    case 'dropped':
    case 'thrown':
      return { type: 'track', event: 'Happened', properties: { marker, fate }, ...common };
    case 'event':
    case 'refused_event':
      return { type: 'track', event: 'Happened', properties: { marker, ...bad }, ...common, ...idsOfHeap(user) };
  }
}

/** Some are not known yet, and have an id of Heap's own SDK. */
function idsOfHeap(user: number): object {
  const ids = { user_id: String(1000 + user), session_id: '77' };
  return user < 5 ? {} : { userId: '', anonymousId: `anonymous-${user}`, integrations: { 'Heap.io': ids } };
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
  return isObject(properties) && ('bad' in properties || properties['account'] === BAD_ACCOUNT);
}
