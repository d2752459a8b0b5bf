import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import { corsHeaders } from './cors.ts';
import { readRequest, toResult, type HttpAnswer, type HttpRequest } from './http.ts';
import type { IngestTelemetry } from './ingest-telemetry.ts';
import type { KeyRing } from './key-ring.ts';
import { packEvents } from './pack.ts';
import { PIXEL_GIF, readPixel } from './pixel.ts';
import { readBody } from './read-body.ts';
import { readEvents, type ReceivedEvents } from './read-events.ts';
import { refuse, statusOf, textOf, type Refusal } from './refusal.ts';
import { findRoute, type Authentication, type Route } from './routes.ts';
import { sendMessages, type EventQueue } from './send.ts';
import { sourceConfig } from './source-config.ts';
import { stampEvent } from './stamp.ts';
import type { Source } from './write-keys.ts';

/** Everything that the front door reaches outside itself. */
export interface IngestSurroundings {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly queue: EventQueue;
  readonly keyRing: KeyRing;
  readonly telemetry: IngestTelemetry;
}

export type IngestHandler = (
  event: APIGatewayProxyEventV2,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** The header in which RudderStack's Webhook destination, or whoever else posts to /webhook, brings the secret. */
export const WEBHOOK_SECRET_HEADER = 'x-webhook-secret';

/** Kept for the answer, in ms. */
const ANSWERING_MS = 1000;

type EventRoute = Extract<Route, { readonly authentication: Authentication }>;
type Authenticated = { readonly kind: 'source'; readonly source: Source; readonly key: string } | Refusal;
type Handled = { readonly kind: 'answer'; readonly answer: HttpAnswer } | Refusal;

/**
 * Makes the front door's handler: RudderStack's data-plane API in front of the queue. It answers 200 when every event of the request
 * is in the queue, and never otherwise.
 */
export function createIngestHandler(surroundings: IngestSurroundings): IngestHandler {
  const { clock, random, queue, keyRing, telemetry } = surroundings;

  return async (event, context) => {
    const request = readRequest(event);
    const cors = corsHeaders(request);
    if (request.method === 'OPTIONS') return toResult(text(204, ''), cors);
    const route = findRoute(request.method, request.path);
    const handled = await handle(request, route, clock.now() + context.getRemainingTimeInMillis() - ANSWERING_MS);
    if (handled.kind === 'answer') return toResult(handled.answer, cors);
    telemetry.reportRefusal(handled.reason, request.body.length);
    const isPixel = route.kind === 'pixel';
    return toResult(isPixel ? pixelAnswer(statusOf(handled)) : text(statusOf(handled), textOf(handled)), cors);
  };

  async function handle(request: HttpRequest, route: Route | Refusal, deadline: number): Promise<Handled> {
    try {
      if (route.kind === 'refused') return route;
      if (route.kind === 'health') return json(JSON.stringify({ server: 'UP', acceptingEvents: 'TRUE' }));
      if (route.kind === 'robots') return answered(text(200, 'User-agent: *\nDisallow: /\n'));
      if (route.kind === 'source_config') return await answerSourceConfig(request);
      return await takeEvents(request, route, deadline);
    } catch (error) {
      telemetry.reportProblem('internal_error', error);
      return refuse('internal_error');
    }
  }

  async function answerSourceConfig(request: HttpRequest): Promise<Handled> {
    const from = request.headers['authorization'] === undefined ? 'query' : 'header';
    const authenticated = await authenticate(request, from);
    if (authenticated.kind === 'refused') return authenticated;
    return json(sourceConfig(authenticated.source, authenticated.key));
  }

  async function takeEvents(request: HttpRequest, route: EventRoute, deadline: number): Promise<Handled> {
    const authenticated = await authenticate(request, route.authentication);
    if (authenticated.kind === 'refused') return authenticated;
    if (!authenticated.source.isEnabled) return refuse('source_disabled');

    const received = route.kind === 'pixel' ? readPixel(route.type, request.query) : readPosted(request, route);
    if (received.kind === 'refused') return received;
    const reception = {
      receivedAtMs: clock.now(),
      sentAt: received.sentAt,
      requestIp: request.sourceIp,
      newMessageId: randomUUID,
    };
    const packed = packEvents(
      received.events.map((event) => stampEvent(event, reception)),
      queue.isFifo,
    );
    if (packed.kind === 'refused') return packed;

    const unsent = await sendMessages(packed.messages, deadline, {
      queue,
      clock,
      random,
      onFailure: (error) => telemetry.reportProblem('queue_send_failed', error),
    });
    if (unsent > 0) return refuse('queue_unavailable');
    telemetry.reportTaken(authenticated.source.name, received.events.length, packed.messages.length);
    return answered(route.kind === 'pixel' ? pixelAnswer(200) : text(200, 'ok'));
  }

  async function authenticate(request: HttpRequest, from: Authentication): Promise<Authenticated> {
    const key = keyIn(request, from);
    if (key === '') return refuse(MISSING_KEY[from]);
    let source: Source | undefined;
    try {
      source = await keyRing.find(from === 'webhook' ? 'webhookSecrets' : 'writeKeys', key);
    } catch (error) {
      telemetry.reportProblem('keys_unavailable', error);
      return refuse('keys_unavailable');
    }
    if (source !== undefined) return { kind: 'source', source, key };
    return refuse(from === 'webhook' ? 'invalid_webhook_secret' : 'invalid_write_key');
  }
}

function readPosted(
  request: HttpRequest,
  route: Exclude<EventRoute, { readonly kind: 'pixel' }>,
): ReceivedEvents | Refusal {
  const body = readBody(request.body);
  return body.kind === 'refused' ? body : readEvents(route, body.value);
}

const MISSING_KEY = {
  header: 'no_write_key_in_header',
  query: 'no_write_key_in_query',
  webhook: 'invalid_webhook_secret',
} as const satisfies Record<Authentication, Refusal['reason']>;

function keyIn({ headers, query }: HttpRequest, from: Authentication): string {
  if (from === 'webhook') return headers[WEBHOOK_SECRET_HEADER]?.trim() ?? '';
  if (from === 'query') return query.get('writeKey')?.trim() ?? '';
  const credentials = /^Basic +(?<base64>[\w+/=-]+)$/i.exec(headers['authorization']?.trim() ?? '')?.groups?.['base64'];
  const [user = ''] = Buffer.from(credentials ?? '', 'base64')
    .toString('utf8')
    .split(':');
  return user.trim();
}

function text(status: number, body: string): HttpAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function pixelAnswer(status: number): HttpAnswer {
  return { status, contentType: 'image/gif', body: PIXEL_GIF };
}

function json(body: string): Handled {
  return answered({ status: 200, contentType: 'application/json; charset=utf-8', body });
}

function answered(answer: HttpAnswer): Handled {
  return { kind: 'answer', answer };
}
