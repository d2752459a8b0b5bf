import { measure as backfill } from './rows/backfill.ts';
import { measure as bytes } from './rows/bytes.ts';
import { measure as coldStart } from './rows/cold-start.ts';
import { measure as endToEnd } from './rows/end-to-end.ts';
import { measure as firstInvocation } from './rows/first-invocation.ts';
import { measure as growth } from './rows/growth.ts';
import { measure as hostileMemory } from './rows/hostile-memory.ts';
import { measure as httpColdStart } from './rows/http-cold-start.ts';
import { measure as httpRequest } from './rows/http-request.ts';
import { measure as invocation } from './rows/invocation.ts';
import { measure as mapping } from './rows/mapping.ts';
import { measure as memory } from './rows/memory.ts';
import { measure as requests } from './rows/requests.ts';
import { measure as rudderstack } from './rows/rudderstack.ts';
import { measure as slowHeap } from './rows/slow-heap.ts';
import { measure as sustained } from './rows/sustained.ts';
import { measure as warmUp } from './rows/warm-up.ts';
import { reportToCaller } from '../cli/report-to-caller.ts';
import type { Row } from './row.ts';

/** In the order of the table. */
export const ROWS: Readonly<Record<string, (seconds: number) => Promise<Row | readonly Row[]>>> = {
  invocation,
  mapping,
  'cold-start': coldStart,
  'first-invocation': firstInvocation,
  'warm-up': warmUp,
  bytes,
  memory,
  growth,
  requests,
  'slow-heap': slowHeap,
  sustained,
  'http-request': httpRequest,
  'http-cold-start': httpColdStart,
  'end-to-end': endToEnd,
  'hostile-memory': hostileMemory,
  backfill,
  rudderstack,
};

/** Rows that are measured only with --only: they take minutes, or need something that is not installed. */
export const ON_REQUEST: ReadonlySet<string> = new Set(['backfill', 'hostile-memory', 'rudderstack']);

// main.ts runs this file in a process of its own for each row, so that no row warms up another.
if (process.send !== undefined) {
  await reportToCaller(async () => {
    const [, , name = '', seconds = ''] = process.argv;
    const measured = await ROWS[name]?.(Number(seconds));
    process.send?.([measured].flat(), () => process.exit(0));
  });
  if (process.exitCode !== undefined) process.exit();
}
