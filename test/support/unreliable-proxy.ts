import { request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';

/** `refused`: the call never arrives. `answer_lost`: it arrives, and the caller does not get to know. */
export type Failure = 'refused' | 'answer_lost';

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
    const failure = failures.shift();
    const body = await buffer(request);
    if (failure === 'refused') {
      response.destroy();
      return;
    }
    const answer = await forward(target, request, body);
    if (failure === 'answer_lost') {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  return { ...server, failNext: (next) => failures.push(...next), calls: () => calls };
}

async function forward(target: string, { method, url, headers }: IncomingMessage, body: Buffer) {
  return await new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage): void => {
      buffer(answer).then(
        (received) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: received }),
        reject,
      );
    };
    httpRequest(`${target}${url}`, { method: method ?? 'GET', headers }, onAnswer)
      .once('error', reject)
      .end(body);
  });
}
