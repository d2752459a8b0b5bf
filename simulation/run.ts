import { simulate } from './simulate.ts';
import type { Result } from './result.ts';
import { SCENARIOS } from './scenarios/year.ts';
import { SYSTEMS } from './systems/all.ts';

/** One run, by the names of its parts. */
export interface Run {
  readonly scenario: string;
  readonly system: string;
  readonly seed: number;
  readonly scale: number;
  readonly commit: string;
}

/** Runs what the names mean. */
export async function run({ scenario, system, seed, scale, commit }: Run): Promise<Result> {
  const scenarioNamed = SCENARIOS.find(({ name }) => name === scenario);
  const systemNamed = SYSTEMS.find(({ name }) => name === system);
  if (scenarioNamed === undefined || systemNamed === undefined) throw new Error(`no ${scenario} or no ${system}`);
  return await simulate({ scenario: scenarioNamed, system: systemNamed, seed, scale, commit });
}

// run-all.ts runs this file in a process of its own for each run: several may run at once, and none warms up another.
if (process.send !== undefined && process.argv[2] !== undefined && import.meta.main) {
  const one: Run = JSON.parse(process.argv[2]);
  process.send(await run(one), () => process.exit(0));
}
