import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { valueAt } from '../lib/json.ts';
import { startLoopbackServer, type LoopbackServer } from './loopback-server.ts';

export interface ParameterStore extends LoopbackServer {
  /** How many calls have come in. */
  readonly calls: () => number;
  /** Answers the next calls as Parameter Store does when there are too many. */
  readonly throttleNext: (calls: number) => void;
}

interface State {
  calls: number;
  toThrottle: number;
}

/**
 * Serves `GetParameter` of AWS Systems Manager on loopback, the only call that the HTTP endpoint makes.
 *
 * @param parameters values by name; changes take effect at once
 * @param port 0 for any free port
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
export async function startParameterStore(parameters: ReadonlyMap<string, string>, port = 0): Promise<ParameterStore> {
  const state: State = { calls: 0, toThrottle: 0 };
  const server = await startLoopbackServer(port, (request, response) => serve(parameters, state, request, response));
  return { ...server, calls: () => state.calls, throttleNext: (calls) => void (state.toThrottle = calls) };
}

async function serve(
  parameters: ReadonlyMap<string, string>,
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call: unknown = JSON.parse(await text(request));
  state.calls += 1;
  const isThrottled = state.toThrottle > 0;
  if (isThrottled) state.toThrottle -= 1;
  const isGet = request.headers['x-amz-target'] === 'AmazonSSM.GetParameter';
  const [status, answer] = isThrottled ? THROTTLED : answerTo(isGet ? valueAt(call, ['Name']) : undefined, parameters);
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
}

const THROTTLED = [400, { __type: 'ThrottlingException', message: 'Rate exceeded' }] as const;

function answerTo(name: unknown, parameters: ReadonlyMap<string, string>): readonly [number, object] {
  if (typeof name !== 'string') return [400, { __type: 'UnknownOperationException' }];
  const value = parameters.get(name);
  return value === undefined
    ? [400, { __type: 'ParameterNotFound' }]
    : [200, { Parameter: { Name: name, Type: 'SecureString', Value: value, Version: 1 } }];
}
