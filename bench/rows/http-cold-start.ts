import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchOf, HTTP_BUNDLE, requestOf, startStandIns } from '../http-function.ts';
import { summarize } from '../measure.ts';
import type { Row } from '../row.ts';

const ANSWER_ONCE = join(import.meta.dirname, '..', 'answer-once.mjs');
const EMPTY = 'export async function handler() { return { statusCode: 200 }; }';

/** What answer-once.mjs prints, in its order: the time since the process started. */
const KINDS = ['loadedMs', 'loadedCpuMs', 'answeredMs', 'answeredCpuMs'] as const;
type Times = Readonly<Record<(typeof KINDS)[number], number>>;

/** Measures a fresh process with the built function, from its start to its first answer of 200: keys read, event in the queue. */
export async function measure(seconds: number): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'http-cold-start-'));
  const standIns = await startStandIns();
  try {
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, EMPTY);
    const payload = join(folder, 'event.json');
    writeFileSync(payload, JSON.stringify(requestOf(batchOf(1))));
    const times = { built: new Array<Times>(), empty: new Array<Times>() };
    const end = performance.now() + seconds * 1000;
    for (let round = 0; round < 5 || performance.now() < end; round += 1) {
      for (const [bundle, into] of [
        [HTTP_BUNDLE, times.built],
        [empty, times.empty],
      ] as const) {
        const one = answerOnce(bundle, payload, standIns.environment);
        // The first round fills the disk cache and is not measured.
        if (round > 0) into.push(one);
      }
    }
    return rowsOf(times.built, times.empty);
  } finally {
    standIns.stop();
    rmSync(folder, { recursive: true });
  }
}

function answerOnce(bundle: string, payload: string, environment: Readonly<Record<string, string>>): Times {
  const stdout = execFileSync(process.execPath, [ANSWER_ONCE, bundle, payload], { env: { ...environment } }).toString();
  const printed = /^times (.+)$/m.exec(stdout)?.[1]?.split(' ').map(Number) ?? [];
  const [loadedMs, loadedCpuMs, answeredMs, answeredCpuMs] = printed;
  if (answeredCpuMs === undefined) throw new Error(`no measurement: ${stdout}`);
  return { loadedMs: loadedMs ?? 0, loadedCpuMs: loadedCpuMs ?? 0, answeredMs: answeredMs ?? 0, answeredCpuMs };
}

function rowsOf(built: readonly Times[], empty: readonly Times[]): readonly Row[] {
  const row = (kind: (typeof KINDS)[number], what: string, measured: string, goal: Row['goal']): Row => {
    const [ofBuilt, ofEmpty] = [built, empty].map((times) => summarize(times.map((one) => one[kind])));
    if (ofBuilt === undefined || ofEmpty === undefined) throw new Error('nothing was started');
    return {
      what,
      measured: { what: measured, unit: 'ms', value: ofBuilt.median, spread: ofBuilt.spread },
      baseline: { what: 'an empty handler', unit: 'ms', value: ofEmpty.median, spread: ofEmpty.spread },
      goal,
      notes: [`${ofBuilt.runs} starts of each, in turns`],
    };
  };
  const answer = 'keys read, one event in the queue';
  return [
    row('loadedCpuMs', 'Cold start of the HTTP endpoint, CPU of loading', 'the built function', {
      of: 'ratio',
      atMost: 3.5,
    }),
    row('answeredCpuMs', 'Cold start of the HTTP endpoint, CPU until the first answer', answer, {
      of: 'ratio',
      atMost: 6,
    }),
    row('answeredMs', 'Cold start of the HTTP endpoint, time until the first answer', answer, { of: 'nothing' }),
  ];
}
