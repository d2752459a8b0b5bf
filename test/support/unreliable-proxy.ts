import { isArray, isObject, valueAt } from '../../lib/json.ts';
import type { LoopbackServer } from '../../local/loopback-server.ts';
import { startProxy, type PassOn, type ProxiedAnswer, type ProxiedCall } from './proxy.ts';

/**
 * `refused`: the call does not arrive. `answer_lost`: the call arrives, but its answer does not. `half`: SQS accepts only the
 * first half of a batch.
 */
export type Failure = 'refused' | 'answer_lost' | 'half';

export interface UnreliableProxy extends LoopbackServer {
  /** Failures of the next calls, in order. All later calls succeed. */
  readonly failNext: (failures: readonly Failure[]) => void;
  readonly calls: () => number;
}

/** A proxy in front of a server that fails like a network. */
export async function startUnreliableProxy(target: string): Promise<UnreliableProxy> {
  const failures: Failure[] = [];
  let calls = 0;
  const server = await startProxy(target, async (call, passOn) => {
    calls += 1;
    // `half` waits for the next SendMessageBatch; other calls succeed.
    const failure = failures[0] === 'half' && call.action !== 'SendMessageBatch' ? undefined : failures.shift();
    if (failure === 'refused') return undefined;
    if (failure === 'half') return await passOnHalf(call, passOn);
    const answer = await passOn(call);
    return failure === 'answer_lost' ? undefined : answer;
  });
  return { ...server, failNext: (next) => failures.splice(0, failures.length, ...next), calls: () => calls };
}

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
async function passOnHalf(call: ProxiedCall, passOn: PassOn): Promise<ProxiedAnswer> {
  const batch: unknown = JSON.parse(call.body.toString());
  if (!isObject(batch) || !isArray(batch['Entries'])) throw new Error('the call is not a batch');
  const entries = batch['Entries'];
  const kept = entries.slice(0, Math.floor(entries.length / 2));
  const failed = entries.slice(kept.length).map((entry) => ({
    Id: valueAt(entry, ['Id']),
    SenderFault: false,
    Code: 'InternalError',
  }));
  const headers = { 'content-type': 'application/x-amz-json-1.0' };
  const none = { status: 200, headers, body: Buffer.from('{}') };
  const body = Buffer.from(JSON.stringify({ ...batch, Entries: kept }));
  const answer = kept.length === 0 ? none : await passOn({ ...call, body });
  const parsed: unknown = JSON.parse(answer.body.toString());
  const whole = Buffer.from(JSON.stringify({ ...(isObject(parsed) ? parsed : {}), Failed: failed }));
  return { status: 200, headers, body: whole };
}
