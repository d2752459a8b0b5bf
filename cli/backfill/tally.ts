import { typeName, UNSUPPORTED_TYPES } from '../../lib/rudderstack/event-types.ts';
import type { Entry } from '../history/open-history.ts';
import type { LeftOut } from '../history/read-item.ts';
import type { BadFile } from './bad-file.ts';
import { LEFT_OUT, OTHER_CALLS, OTHER_KEYS, OVERWRITES } from './warnings.ts';

/** What a load has done besides sending. A count of zero is left out. */
export interface Counts {
  /** Identify calls that were sent. */
  identifies?: number;
  /** Track events of rows, whose keys are not those of the live events. */
  rowEvents?: number;
  /** Calls that the function filters, unless its settings say otherwise. */
  otherCalls?: number;
  leftOut?: Partial<Record<LeftOut, number>>;
  /** Items that could not be sent. */
  bad?: number;
}

/** Counts what becomes of the items of a file. */
export interface Tally {
  readonly counts: Counts;
  readonly note: (entry: Entry) => void;
  /** Takes an item that cannot be sent; undefined if the load is to stop at it. */
  readonly keep: ((entry: Entry, why: string) => void) | undefined;
}

/** @param badFile takes the items that cannot be sent */
export function createTally(badFile: BadFile | undefined): Tally {
  const counts: Counts = {};
  const keep = (entry: Entry, why: string): void => {
    counts.bad = (counts.bad ?? 0) + 1;
    console.error(why);
    badFile?.add(entry.item.text);
  };
  return {
    counts,
    note({ reading }) {
      if (reading.kind === 'left_out') {
        counts.leftOut = { ...counts.leftOut, [reading.why]: (counts.leftOut?.[reading.why] ?? 0) + 1 };
      } else if (reading.kind === 'event') {
        const { type } = reading.event;
        const name = typeof type === 'string' ? typeName(type) : '';
        if (name === 'identify') counts.identifies = (counts.identifies ?? 0) + 1;
        else if (UNSUPPORTED_TYPES.has(name)) counts.otherCalls = (counts.otherCalls ?? 0) + 1;
        else if (reading.isRow) counts.rowEvents = (counts.rowEvents ?? 0) + 1;
      }
    },
    keep: badFile === undefined ? undefined : keep,
  };
}

/** Formats the counts for people: a sentence for each, with a line break before it. */
export function describeTally(
  { identifies, rowEvents, otherCalls, leftOut = {}, bad }: Counts,
  badFile: string | undefined,
): string {
  const sentences = [
    ...Object.entries(leftOut).map(
      ([why, count]) => `${count} were left out: ${isLeftOut(why) ? LEFT_OUT[why] : why}.`,
    ),
    ...(identifies === undefined ? [] : [`Of the events ${identifies} are identify calls: ${OVERWRITES}.`]),
    ...(rowEvents === undefined ? [] : [`Of the events ${rowEvents} are track events of rows: ${OTHER_KEYS}.`]),
    ...(otherCalls === undefined ? [] : [`Of the events ${otherCalls} are other calls: ${OTHER_CALLS}.`]),
    ...(bad === undefined ? [] : [`${bad} could not be sent, and are in ${badFile ?? ''}.`]),
  ];
  return sentences.map((sentence) => `\n  ${sentence}`).join('');
}

function isLeftOut(why: string): why is LeftOut {
  return Object.hasOwn(LEFT_OUT, why);
}
