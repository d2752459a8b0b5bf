import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { valueAt } from '../lib/json.ts';
import { startLoopbackServer, type LoopbackServer } from './loopback-server.ts';

/**
 * Serves `GetParameter` of AWS Systems Manager on loopback, the only call that the HTTP endpoint makes.
 *
 * @param parameters values by name; changes take effect at once
 * @param port 0 for any free port
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
export async function startParameterStore(parameters: ReadonlyMap<string, string>, port = 0): Promise<LoopbackServer> {
  return await startLoopbackServer(port, (request, response) => serve(parameters, request, response));
}

async function serve(
  parameters: ReadonlyMap<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call: unknown = JSON.parse(await text(request));
  const name = valueAt(call, ['Name']);
  const isKnown = request.headers['x-amz-target'] === 'AmazonSSM.GetParameter' && typeof name === 'string';
  const value = isKnown ? parameters.get(name) : undefined;
  const [status, answer] =
    value === undefined
      ? [400, { __type: isKnown ? 'ParameterNotFound' : 'UnknownOperationException' }]
      : [200, { Parameter: { Name: name, Type: 'SecureString', Value: value, Version: 1 } }];
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
}
