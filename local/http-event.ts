import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/** API Gateway passes these content types on as text, and all others in base64. */
const TEXT_TYPES = /^(?:text\/|application\/(?:json|javascript|xml)\b)/i;

/** A request as it reaches API Gateway. */
export interface IncomingRequest {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query?: string;
  /** With lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly protocol?: string;
  readonly sourceIp?: string;
}

/**
 * Converts a request to the event that an HTTP API of API Gateway makes of it, in payload format 2.0.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function toHttpEvent(request: IncomingRequest): APIGatewayProxyEventV2 {
  const { method, path, query = '', headers, body, protocol = 'HTTP/1.1', sourceIp = '127.0.0.1' } = request;
  const isText = TEXT_TYPES.test(headers['content-type'] ?? '') && headers['content-encoding'] === undefined;
  const now = Date.now();
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: headers['host'] ?? '',
      domainPrefix: 'local',
      http: { method, path, protocol, sourceIp, userAgent: headers['user-agent'] ?? '' },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    isBase64Encoded: !isText && body.length > 0,
    ...(body.length > 0 ? { body: body.toString(isText ? 'utf8' : 'base64') } : {}),
  };
}
