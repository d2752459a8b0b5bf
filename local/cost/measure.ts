import { isObject } from '../../lib/json.ts';
import { invokeOften } from '../lambda/invoke-often.ts';
import { sampleMessages } from '../messages.ts';
import type { Invocation } from './bill.ts';

/** What one invocation with so many events takes. */
export interface MeasuredInvocation extends Invocation {
  readonly events: number;
}

/** Batches that are measured, in events. */
const SIZES = [1, 10, 100, 1000];
const INVOCATIONS = 12;
/** The first invocations of a container cost more; they are left out. */
const WARM_FROM = 5;

/** Measures the built function with batches of some sizes. */
export async function measureInvocations(): Promise<readonly MeasuredInvocation[]> {
  const measured: MeasuredInvocation[] = [];
  for (const events of SIZES) measured.push(await measure(events));
  return measured;
}

async function measure(events: number): Promise<MeasuredInvocation> {
  const samples = sampleMessages()
    .filter(({ origin }) => !origin.startsWith('sqs/'))
    .map(({ body }): unknown => JSON.parse(body))
    .filter(isObject);
  const batch = Array.from({ length: events }, (_, index) => samples[index % samples.length] ?? {});
  const { cpuMs, logBytes } = await invokeOften(batch, INVOCATIONS);
  const warm = cpuMs.slice(WARM_FROM).toSorted((a, b) => a - b);
  return { events, ownMs: warm[Math.floor(warm.length / 2)] ?? Number.NaN, logBytes };
}

/**
 * Estimates an invocation of any size from those beside it.
 *
 * @param measured in ascending order of their events
 */
export function invocationOf(measured: readonly MeasuredInvocation[], events: number): Invocation {
  const above = measured.findIndex((one) => one.events >= events);
  const [left, right] = above === -1 ? measured.slice(-2) : measured.slice(Math.max(0, above - 1)).slice(0, 2);
  if (left === undefined || right === undefined) throw new Error('nothing was measured');
  const share = (events - left.events) / (right.events - left.events);
  const between = (from: number, to: number): number => from + share * (to - from);
  return { ownMs: between(left.ownMs, right.ownMs), logBytes: between(left.logBytes, right.logBytes) };
}
