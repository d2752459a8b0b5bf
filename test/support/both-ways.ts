import type { EventQueue } from '../../lib/ingest/events/event-queue.ts';
import { takeEvents } from '../../lib/ingest/events/take-events.ts';
import type { JsonObject } from '../../lib/json.ts';
import { decide } from '../../lib/mapping/decide.ts';
import type { Mapped } from '../../lib/mapping/mapped.ts';
import type { Filtered, Rejected } from '../../lib/outcome.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { settingsWith } from './settings.ts';

/** When the events of these tests arrive. */
export const ARRIVED_AT_MS = Date.parse('2026-11-24T10:00:00Z');

export type Decision = Mapped | Filtered | Rejected;

/** What becomes of the events of a body that is sent straight to the queue. */
export function byQueue(body: string, config: JsonObject = {}): readonly Decision[] {
  const settings = settingsWith(config);
  return unwrap(body).map((one) => (one.kind === 'event' ? decide(one.event, settings, ARRIVED_AT_MS) : one.rejection));
}

/** The messages that the HTTP endpoint makes of a request body. */
export async function bodiesByHttp(body: string): Promise<readonly string[]> {
  const sent: OutgoingMessage[] = [];
  const clock = { now: () => ARRIVED_AT_MS, sleep: async () => undefined };
  const request = {
    method: 'POST',
    path: '/v1/batch',
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.from(body),
    isDecodedBody: false,
    sourceIp: '192.0.2.7',
  };
  const queue: EventQueue = {
    isFifo: false,
    async sendBatch(messages) {
      sent.push(...messages);
      return messages.map(() => ({ kind: 'sent' }));
    },
  };
  const taken = await takeEvents(
    request,
    { kind: 'batch', authentication: 'header' },
    { source: 'web', deadline: ARRIVED_AT_MS + 1000 },
    {
      queue,
      deadLetterQueue: queue,
      clock,
      random: () => 0.5,
      onFailure(error) {
        throw error;
      },
    },
  );
  if (taken.kind === 'refused') throw new Error(`the request was refused: ${taken.reason} ${taken.detail ?? ''}`);
  return sent.map((message) => message.body);
}

/** What becomes of the events of a body that is sent to the HTTP endpoint, with the queue and the forwarder behind it. */
export async function byHttp(body: string, config: JsonObject = {}): Promise<readonly Decision[]> {
  return (await bodiesByHttp(body)).flatMap((one) => byQueue(one, config));
}
