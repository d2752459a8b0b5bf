import { controlOf, pause } from './acceptances.ts';
import type { BulkRequest } from './bulk.ts';
import { exchange, takeExtraRequest, type Run } from './exchange.ts';

/**
 * Sends an event again that Heap has accepted before, once in an invocation. If Heap refuses it, the cause is not in the entries,
 * and nothing is bisected for a while. Heap drops it by its idempotency key otherwise. Old user properties are never sent again,
 * since they might overtake newer ones.
 *
 * @param request one that Heap has refused
 */
export async function sendControl({ kind, appId }: BulkRequest, run: Run): Promise<void> {
  const endpoint = run.endpointOf(kind);
  const control = kind === 'track' && !run.isControlSent ? controlOf(endpoint, run.now()) : undefined;
  if (control === undefined || !takeExtraRequest(run)) return;
  run.isControlSent = true;
  const result = await exchange({ kind, appId, entries: [control] }, run);
  if (result.kind === 'refused') pause(endpoint, run.now());
}
