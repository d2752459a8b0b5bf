import { Bench } from 'tinybench';

/** A summary of repeated measurements. */
export interface Measured {
  readonly median: number;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
  readonly runs: number;
}

/**
 * Measures the CPU time of each work in ms, in all threads, garbage collection included: Lambda gives a function a share of a
 * CPU, so all of it counts. The works run in turns, after a warm-up, so that a slow phase of the machine affects all of them.
 *
 * @param seconds for all works together
 */
export async function measureCpu<Name extends string>(
  works: Readonly<Record<Name, () => unknown>>,
  seconds: number,
): Promise<Readonly<Record<Name, Measured>>>;
export async function measureCpu(
  works: Readonly<Record<string, () => unknown>>,
  seconds: number,
): Promise<Readonly<Record<string, Measured>>> {
  const names = Object.keys(works);
  const samples = new Map<string, number[]>(names.map((name) => [name, []]));
  const turns = 10;
  for (let turn = 0; turn < turns; turn += 1) {
    const bench = new Bench({
      now: cpuMs,
      time: (seconds * 1000) / turns / names.length,
      iterations: 3,
      warmup: turn === 0,
      warmupTime: 500,
      retainSamples: true,
    });
    for (const [name, work] of Object.entries(works)) bench.add(name, work, { async: true });
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result?.state !== 'completed')
        throw new Error(`${name} failed`, {
          cause: result !== undefined && 'error' in result ? result.error : undefined,
        });
      samples.get(name)?.push(...(result.latency.samples ?? []));
    }
  }
  return Object.fromEntries([...samples].map(([name, times]) => [name, summarize(times)]));
}

/** The median and the spread of measurements. */
export function summarize(values: readonly number[]): Measured {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), spread: (at(0.75) - at(0.25)) / 2 / at(0.5), runs: sorted.length };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
