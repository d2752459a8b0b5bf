import { request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isArray, isObject, valueAt } from '../../lib/json.ts';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';

/**
 * `slow`: it takes half a second. `refused`: the call never arrives. `answer_lost`: it arrives, and the caller does not get to know. `half`: of a batch that is sent
 * to SQS the second half fails.
 */
export type Failure = 'slow' | 'refused' | 'answer_lost' | 'half';

export interface UnreliableProxy extends LoopbackServer {
  /** What the next calls come to; those after them go through. */
  readonly failNext: (failures: readonly Failure[]) => void;
  readonly calls: () => number;
}

/** Stands before a server and fails as a network does. */
export async function startUnreliableProxy(target: string): Promise<UnreliableProxy> {
  const failures: Failure[] = [];
  let calls = 0;
  const server = await startLoopbackServer(0, async (request, response) => {
    calls += 1;
    // What can fail in half is a batch that is sent; other calls go through meanwhile.
    const isBatch = String(request.headers['x-amz-target']).endsWith('.SendMessageBatch');
    const failure = failures[0] === 'half' && !isBatch ? undefined : failures.shift();
    const body = await buffer(request);
    if (failure === 'slow') await sleep(500);
    if (failure === 'refused') {
      response.destroy();
      return;
    }
    const answer = await (failure === 'half' ? forwardHalf : forward)(target, request, body);
    if (failure === 'answer_lost') {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  return { ...server, failNext: (next) => failures.splice(0, failures.length, ...next), calls: () => calls };
}

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
async function forwardHalf(target: string, request: IncomingMessage, body: Buffer): Promise<Forwarded> {
  const call: unknown = JSON.parse(body.toString());
  if (!isObject(call) || !isArray(call['Entries'])) throw new Error('no batch');
  const entries = call['Entries'];
  const kept = entries.slice(0, Math.floor(entries.length / 2));
  const failed = entries.slice(kept.length).map((entry) => ({
    Id: valueAt(entry, ['Id']),
    SenderFault: false,
    Code: 'InternalError',
  }));
  const none = { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: Buffer.from('{}') };
  const answer =
    kept.length === 0 ? none : await forward(target, request, Buffer.from(JSON.stringify({ ...call, Entries: kept })));
  const told: unknown = JSON.parse(answer.body.toString());
  const whole = Buffer.from(JSON.stringify({ ...(isObject(told) ? told : {}), Failed: failed }));
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: whole };
}

interface Forwarded {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function forward(target: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Forwarded> {
  return await new Promise((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage): void => {
      buffer(answer).then(
        (received) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: received }),
        reject,
      );
    };
    const length = { 'content-length': String(body.length) };
    httpRequest(`${target}${url}`, { method: method ?? 'GET', headers: { ...headers, ...length } }, onAnswer)
      .once('error', reject)
      .end(body);
  });
}
