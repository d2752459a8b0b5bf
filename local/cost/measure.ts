import { isObject } from '../../lib/json.ts';
import { invokeOften } from '../lambda/invoke-often.ts';
import { sampleMessages } from '../messages.ts';
import type { Invocation } from './bill.ts';

/** Batches that are measured, in events. */
const SIZES = [1, 10, 100, 1000];
const INVOCATIONS = 12;
/** The first invocations of a container cost more; they are left out. */
const WARM_FROM = 5;

/** Measures the built function with batches of some sizes. The result estimates any other size from those beside it. */
export async function measureInvocations(): Promise<(events: number) => Invocation> {
  const measured: { readonly events: number; readonly invocation: Invocation }[] = [];
  for (const events of SIZES) measured.push({ events, invocation: await measure(events) });
  return (events) => {
    const above = measured.findIndex((one) => one.events >= events);
    const [left, right] = above === -1 ? measured.slice(-2) : measured.slice(Math.max(0, above - 1)).slice(0, 2);
    if (left === undefined || right === undefined) throw new Error('nothing was measured');
    const share = (events - left.events) / (right.events - left.events);
    const between = (from: number, to: number): number => from + share * (to - from);
    return {
      ownMs: between(left.invocation.ownMs, right.invocation.ownMs),
      logBytes: between(left.invocation.logBytes, right.invocation.logBytes),
    };
  };
}

async function measure(events: number): Promise<Invocation> {
  const samples = sampleMessages()
    .filter(({ origin }) => !origin.startsWith('sqs/'))
    .map(({ body }): unknown => JSON.parse(body))
    .filter(isObject);
  const batch = Array.from({ length: events }, (_, index) => samples[index % samples.length] ?? {});
  const { cpuMs, logBytes } = await invokeOften(batch, INVOCATIONS);
  const warm = cpuMs.slice(WARM_FROM).toSorted((a, b) => a - b);
  return { ownMs: warm[Math.floor(warm.length / 2)] ?? Number.NaN, logBytes };
}
