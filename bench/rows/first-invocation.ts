import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { realisticEvents, recordsOf } from '../events.ts';
import { startTlsBench, type Once } from '../invoke-over-tls.ts';
import { summarize } from '../measure.ts';
import type { Row } from '../row.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const RECORDS = 10;

/** Starts the built function in fresh processes, and the same function with fetch, each from its start to its first response. */
export async function measure(seconds: number): Promise<readonly Row[]> {
  const bodies = realisticEvents(RECORDS).map((event) => JSON.stringify(event));
  using bench = await startTlsBench(JSON.stringify({ Records: recordsOf(bodies) }), 0);
  const bundles = {
    built: join(ROOT, 'dist', 'forward', 'forward.mjs'),
    withFetch: await buildWithFetch(bench.folder),
  };
  const times = { built: new Array<Once>(), withFetch: new Array<Once>() };
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 5 || performance.now() < end; round += 1) {
    for (const name of ['built', 'withFetch'] as const) {
      const once = await bench.invoke(bundles[name]);
      // The first round fills the disk cache and is not measured.
      if (round > 0) times[name].push(once);
    }
  }
  return [rowOf('CPU', 'cpuMs', times.built, times.withFetch), rowOf('time', 'wallMs', times.built, times.withFetch)];
}

/** The function as it is deployed, but for its transport. */
async function buildWithFetch(outdir: string): Promise<string> {
  const handler = readFileSync(join(ROOT, 'handlers', 'forward.ts'), 'utf8');
  const contents = handler.replace('../lib/heap/transport.ts', '../bench/fetch-transport.ts');
  if (contents === handler) throw new Error('the handler does not import the transport');
  await build({
    stdin: { contents, resolveDir: join(ROOT, 'handlers'), sourcefile: 'forward.ts', loader: 'ts' },
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return join(outdir, 'stdin.mjs');
}

function rowOf(what: string, kind: keyof Once, built: readonly Once[], withFetch: readonly Once[]): Row {
  const [ofBuilt, ofFetch] = [built, withFetch].map((times) => summarize(times.map((once) => once[kind])));
  if (ofBuilt === undefined || ofFetch === undefined) throw new Error('nothing was started');
  return {
    what: `First invocation over TLS, ${RECORDS} records, ${what} since the process started`,
    measured: { what: 'the built function', unit: 'ms', value: ofBuilt.median, spread: ofBuilt.spread },
    baseline: {
      what: 'the same function with fetch, as it was before',
      unit: 'ms',
      value: ofFetch.median,
      spread: ofFetch.spread,
    },
    goal: { of: 'ratio', atMost: 0.7 },
    notes: [`${ofBuilt.runs} starts of each, in turns`],
  };
}
