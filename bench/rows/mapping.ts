import { isArray, isObject } from '../../lib/json.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { realisticEvents, SETTINGS } from '../events.ts';
import { measureCpu } from '../measure.ts';
import type { Row } from '../row.ts';

const EVENTS = 5000;

export async function measure(seconds: number): Promise<Row> {
  const events = realisticEvents(EVENTS);
  const { mapping, naive } = await measureCpu(
    {
      mapping() {
        for (const event of events) decide(event, SETTINGS);
      },
      naive() {
        for (const event of events) mapNaively(event);
      },
    },
    seconds,
  );
  return {
    what: 'Mapping alone, admission included',
    measured: { what: 'decide()', unit: 'events/s', value: (EVENTS / mapping.median) * 1000, spread: mapping.spread },
    baseline: {
      what: 'flatten by recursion and spread, nothing checked',
      unit: 'events/s',
      value: (EVENTS / naive.median) * 1000,
      spread: naive.spread,
    },
    goal: { of: 'measured', atLeast: 500_000 },
  };
}

/** A minimal mapping without validation, correct for valid events only. */
function mapNaively(event: Readonly<Record<string, unknown>>): object {
  const facts = event['type'] === 'track' ? event['properties'] : event['traits'];
  return {
    identity: event['userId'],
    event: event['event'],
    properties: flattenNaively(facts),
    timestamp: event['originalTimestamp'],
  };
}

function flattenNaively(value: unknown, key = ''): Record<string, unknown> {
  let flat: Record<string, unknown> = {};
  if (isArray(value)) {
    for (const [index, element] of value.entries()) flat = { ...flat, ...flattenNaively(element, `${key}[${index}]`) };
  } else if (isObject(value)) {
    for (const [name, one] of Object.entries(value))
      flat = { ...flat, ...flattenNaively(one, key === '' ? name : `${key}.${name}`) };
  } else {
    flat = { [key]: value };
  }
  return flat;
}
