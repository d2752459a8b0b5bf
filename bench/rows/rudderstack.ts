import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CallerError } from '../../cli/caller-error.ts';
import { isObject, valueAt, type JsonObject } from '../../lib/json.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { realisticEvents, SETTINGS } from '../events.ts';
import { measureCpu } from '../measure.ts';
import type { Row } from '../row.ts';

const EVENTS = 5000;
const HANDLER = 'dist/src/cdk/v2/handler.js';

type Transform = (event: JsonObject) => Promise<unknown>;

/**
 * Our mapping beside RudderStack's own code for its destination, on the same events, in one process, in turns. That code is not
 * part of this project: RUDDER_TRANSFORMER names a built clone of rudder-transformer. docs/performance.md says how to make one.
 */
export async function measure(seconds: number): Promise<Row> {
  const transform = loadTransform(process.env['RUDDER_TRANSFORMER']);
  const events = realisticEvents(EVENTS);
  for (const event of events.slice(0, 100)) await compare(event, transform);
  const { ours, theirs } = await measureCpu(
    {
      ours() {
        for (const event of events) decide(event, SETTINGS);
      },
      async theirs() {
        for (const event of events) await transform(event);
      },
    },
    seconds,
  );
  const perSecond = (median: number): number => (EVENTS / median) * 1000;
  return {
    what: 'Mapping alone, beside RudderStack’s own code',
    measured: { what: 'decide()', unit: 'events/s', value: perSecond(ours.median), spread: ours.spread },
    baseline: {
      what: 'processCdkV2Workflow("heap") of rudder-transformer',
      unit: 'events/s',
      value: perSecond(theirs.median),
      spread: theirs.spread,
    },
    goal: { of: 'ratio', atLeast: 6 },
  };
}

function loadTransform(clone: string | undefined): Transform {
  if (clone === undefined) {
    throw new CallerError('the row rudderstack needs RUDDER_TRANSFORMER=<a built clone>, see docs/performance.md');
  }
  const file = join(clone, HANDLER);
  const handler: unknown = createRequire(file)(file);
  const run = isObject(handler) ? handler['processCdkV2Workflow'] : undefined;
  if (typeof run !== 'function') throw new CallerError(`${file} has no processCdkV2Workflow`);
  const destination = { Config: { appId: SETTINGS.appId } };
  return (message) => run('heap', { message, metadata: {}, destination }, 'processor', {});
}

/** Both have to do the same work: the same properties. Ours may leave some out, because Heap reserves their names. */
async function compare(event: JsonObject, transform: Transform): Promise<void> {
  const decision = decide(event, SETTINGS);
  const theirs = valueAt(await transform(event), ['body', 'JSON', 'properties']);
  if (decision.kind !== 'mapped' || !isObject(theirs)) throw new Error('an event is not mapped by both');
  for (const [name, value] of Object.entries(decision.call.payload.properties)) {
    if (theirs[name] !== value) throw new Error(`${name} differs: ${String(value)} and ${String(theirs[name])}`);
  }
}
