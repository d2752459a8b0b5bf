import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import type { WebConfig } from '../rudderstack/web-config.ts';
import type { EventQueue } from './events/event-queue.ts';
import { takeEvents } from './events/take-events.ts';
import { jsonAnswer, pixelAnswer, textAnswer } from './http/answer.ts';
import { corsHeaders } from './http/cors.ts';
import { headersOf, refuse, statusOf, textOf, type Refusal } from './http/refusal.ts';
import { readRequest, toResult, type HttpAnswer, type HttpRequest } from './http/request.ts';
import { findRoute, type EventRoute, type Route } from './http/routes.ts';
import { authenticate, keyIn } from './keys/authenticate.ts';
import type { KeyRing } from './keys/key-ring.ts';
import { answerSourceConfig } from './source-config.ts';
import type { IngestTelemetry } from './telemetry.ts';

/** Everything outside the function that the handler uses. */
export interface IngestDependencies {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly queue: EventQueue;
  readonly deadLetterQueue: EventQueue;
  readonly keyRing: KeyRing;
  /** What Web SDKs are told in device mode; undefined in cloud mode. */
  readonly webConfig: WebConfig | undefined;
  readonly telemetry: IngestTelemetry;
}

/** The handler of the HTTP endpoint. It throws only if the event is not a request, see `readRequest`. */
export type IngestHandler = (
  event: APIGatewayProxyEventV2,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** Time reserved for returning the answer, in ms. */
const ANSWERING_MS = 1000;

type Handled = { readonly kind: 'answer'; readonly answer: HttpAnswer } | Refusal;

/**
 * Creates the handler of the HTTP endpoint, which implements RudderStack's data-plane API and writes events to the queue. It
 * answers 200 only if every event of the request is in the queue.
 *
 * @see https://www.rudderstack.com/docs/api/http-api/
 */
export function createIngestHandler(dependencies: IngestDependencies): IngestHandler {
  const { clock, random, queue, deadLetterQueue, keyRing, telemetry } = dependencies;
  const onFailure = (error: unknown): void => telemetry.reportProblem('queue_send_failed', error);

  return async (event, context) => {
    const request = readRequest(event);
    const cors = corsHeaders(request);
    if (request.method === 'OPTIONS') return toResult(textAnswer(204, ''), cors);
    const route = findRoute(request.method, request.path);
    const handled = await handle(request, route, clock.now() + context.getRemainingTimeInMillis() - ANSWERING_MS);
    if (handled.kind === 'answer') return toResult(handled.answer, cors);
    telemetry.reportRefusal(handled.reason, request.body.length);
    const status = statusOf(handled);
    const answer = route.kind === 'pixel' ? pixelAnswer(status) : textAnswer(status, textOf(handled));
    return toResult(answer, { ...cors, ...headersOf(handled) });
  };

  async function handle(request: HttpRequest, route: Route | Refusal, deadline: number): Promise<Handled> {
    try {
      if (route.kind === 'refused') return route;
      if (route.kind === 'health') {
        return answered(jsonAnswer(JSON.stringify({ server: 'UP', acceptingEvents: 'TRUE' })));
      }
      if (route.kind === 'robots') return answered(textAnswer(200, 'User-agent: *\nDisallow: /\n'));
      if (route.kind === 'source_config') return await handleSourceConfig(request);
      return await answerEvents(request, route, deadline);
    } catch (error) {
      telemetry.reportProblem('internal_error', error);
      return refuse('internal_error');
    }
  }

  async function handleSourceConfig(request: HttpRequest): Promise<Handled> {
    const from = request.headers['authorization'] === undefined ? 'query' : 'header';
    const authenticated = await authenticate(request, from, keyRing);
    const isUndecided = authenticated.kind === 'refused' && authenticated.retryAfterSeconds !== undefined;
    // Mobile SDKs take 400 for a wrong key, and ask again after any other status. The Web SDK asks once, so it gets an answer.
    if (authenticated.kind === 'refused' && !isUndecided) return refuse('unknown_source');
    const source = authenticated.kind === 'source' ? authenticated.source : undefined;
    const { answer, isDeviceMode } = answerSourceConfig(request, {
      source,
      key: keyIn(request, from),
      web: dependencies.webConfig,
    });
    if (isDeviceMode) telemetry.reportDeviceModeConfig();
    return answered(answer);
  }

  async function answerEvents(request: HttpRequest, route: EventRoute, deadline: number): Promise<Handled> {
    const authenticated = await authenticate(request, route.authentication, keyRing);
    if (authenticated.kind === 'refused') return authenticated;
    if (!authenticated.source.isEnabled) return refuse('source_disabled');
    const source = authenticated.source.name;
    const sending = { queue, deadLetterQueue, clock, random, onFailure };
    const taken = await takeEvents(request, route, { source, deadline }, sending);
    if (taken.kind === 'refused') return taken;
    telemetry.reportTaken(source, taken);
    return answered(route.kind === 'pixel' ? pixelAnswer(200) : textAnswer(200, 'ok'));
  }
}

function answered(answer: HttpAnswer): Handled {
  return { kind: 'answer', answer };
}
