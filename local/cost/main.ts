import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { CallerError } from '../../cli/caller-error.ts';
import { reportToCaller } from '../../cli/report-to-caller.ts';
import { parameterDefault, readTemplate } from '../../infra/template.ts';
import { runBacklog, WAITS } from './backlog.ts';
import { measureInvocations } from './measure.ts';
import { runResent, type Resent } from './resent.ts';
import { writeCostResult, type BacklogOfTable } from './result-file.ts';
import { costsOf } from './tables.ts';

const HELP = `Prints what a million events cost by AWS's list prices, as tables in Markdown.

  npm run cost                                   with the template's defaults
  npm run cost -- --heap-ms 800 --memory 256     with a slower Heap and another MemorySize
  npm run cost -- --save                         also keeps what was measured in local/cost/result.json, for the pages`;

const USUAL_HEAP_MS = 300;
const BACKLOG_EVENTS = 60_000;
/** A message of the HTTP endpoint or of heapq enqueue holds many events. */
const EVENTS_IN_MESSAGE = [1, 50];
const ONE_BAD_AMONG = [1000, 500, 100, 20];
await reportToCaller(async () => {
  const { values } = parseArgs({
    options: {
      'heap-ms': { type: 'string', default: String(USUAL_HEAP_MS) },
      memory: { type: 'string' },
      save: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const heapMs = readWholeNumber('--heap-ms', values['heap-ms']);
  const memory = values.memory === undefined ? undefined : readWholeNumber('--memory', values.memory);
  const isUsual = heapMs === USUAL_HEAP_MS && memory === undefined;
  if (values.save && !isUsual) throw new CallerError('--save is for the defaults: leave --heap-ms and --memory out');
  if (values.help) {
    console.log(HELP);
    return;
  }
  const template = readTemplate(join(import.meta.dirname, '..', '..', 'template.yaml'));
  const maximumConcurrency = Number(parameterDefault(template, 'MaximumConcurrency'));
  const [cpu] = cpus();
  const result = {
    machine: `${cpus().length} × ${cpu?.model ?? '?'}, Node ${process.version}`,
    heapMs,
    invocations: await measureInvocations(),
    backlogs: await runBacklogs(heapMs, maximumConcurrency),
    resent: await runAllResent(heapMs, maximumConcurrency),
  };
  for (const { title, table } of Object.values(costsOf(result, memory).tables)) console.log(`${title}\n\n${table}\n`);
  if (values.save) writeCostResult(result);
});

async function runBacklogs(heapMs: number, maximumConcurrency: number): Promise<readonly BacklogOfTable[]> {
  const runs: BacklogOfTable[] = [];
  for (const eventsPerMessage of EVENTS_IN_MESSAGE) {
    for (const { wait, timeoutMs } of WAITS) {
      const options = { events: BACKLOG_EVENTS, eventsPerMessage, timeoutMs, heapMs, maximumConcurrency };
      runs.push({ wait, ...(await runBacklog(options)) });
    }
  }
  return runs;
}

async function runAllResent(heapMs: number, maximumConcurrency: number): Promise<readonly Resent[]> {
  const runs: Resent[] = [];
  for (const oneBadAmong of ONE_BAD_AMONG) runs.push(await runResent(oneBadAmong, maximumConcurrency, heapMs));
  return runs;
}

function readWholeNumber(option: string, given: string): number {
  if (!/^[1-9]\d*$/.test(given)) throw new CallerError(`${option} has to be a whole number from 1, not ${given}`);
  return Number(given);
}
