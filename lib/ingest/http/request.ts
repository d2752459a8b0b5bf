import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { isObject, valueAt } from '../../json.ts';

/** A request from an HTTP API or a function URL. Both use payload format 2.0. */
export interface HttpRequest {
  readonly method: string;
  /** Without a trailing slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** With lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Whether the gateway has decoded the body as UTF-8, and handed it over as text. */
  readonly isDecodedBody: boolean;
  /** The client's address as the gateway sees it. Headers such as `X-Forwarded-For` do not affect it. */
  readonly sourceIp: string;
}

/** The answer to a request. A body of bytes is sent in base64. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  /** In addition to, or instead of, the headers of every answer. With lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Reads a request from a Lambda event in payload format 2.0.
 *
 * @throws Error with one sentence for people, if the event is something else, as from the console's button "Test"
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function readRequest(event: APIGatewayProxyEventV2): HttpRequest {
  if (!isObject(valueAt(event, ['requestContext', 'http']))) {
    const expected = 'this function takes HTTP requests from API Gateway, in payload format 2.0';
    throw new Error(`The event has no "requestContext.http": ${expected}`);
  }
  return {
    method: event.requestContext.http.method.toUpperCase(),
    path: event.rawPath.replace(/\/+$/, '') || '/',
    query: new URLSearchParams(event.rawQueryString),
    headers: event.headers,
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
    isDecodedBody: !event.isBase64Encoded,
    sourceIp: event.requestContext.http.sourceIp,
  };
}

/**
 * Converts an answer to a Lambda result in payload format 2.0.
 *
 * @param headers in addition to the headers of every answer
 */
export function toResult(
  { status, contentType, body, headers: own = {} }: HttpAnswer,
  headers: Readonly<Record<string, string>>,
): APIGatewayProxyStructuredResultV2 {
  const isText = typeof body === 'string';
  return {
    statusCode: status,
    headers: {
      'content-type': contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
      ...own,
    },
    body: isText ? body : body.toString('base64'),
    isBase64Encoded: !isText,
  };
}
