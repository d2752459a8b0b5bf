import { isObject } from '../../lib/json.ts';
import type { LoopbackServer } from '../../local/loopback-server.ts';
import { startProxy } from './proxy.ts';

/**
 * Stands before the embedded SQS server and answers each receive at once. SQS needs waiting to know that a queue is empty; the
 * embedded server knows it anyway. A receive that does not ask for waiting gets nothing, as it may happen with SQS.
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
