import { isObject } from '../../lib/json.ts';
import type { LoopbackServer } from '../../local/loopback-server.ts';
import { startProxy } from './proxy.ts';

/**
 * A proxy in front of the embedded SQS server that makes long polls return at once, because the embedded server always knows
 * whether its queue is empty. A short poll gets no messages, which may happen with SQS too.
 */
export async function startQueueWithoutWaiting(target: string): Promise<LoopbackServer> {
  return await startProxy(target, async (call, passOn) => {
    if (call.action !== 'ReceiveMessage') return await passOn(call);
    const receive: unknown = JSON.parse(call.body.toString());
    if (!isObject(receive) || !Number(receive['WaitTimeSeconds'])) {
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: Buffer.from('{}') };
    }
    return await passOn({ ...call, body: Buffer.from(JSON.stringify({ ...receive, WaitTimeSeconds: 0 })) });
  });
}
