import { describeExample, describePlaces, type Cause, type Fate } from '../causes.ts';
import { nameOf } from '../history/refusal.ts';
import type { CheckResult } from './check.ts';
import { OTHER_KEYS, OVERWRITES } from './warnings.ts';

/** What the rows of a report begin with. */
const TITLES: Readonly<Record<Exclude<Fate, 'without_time'>, string>> = {
  filtered: 'filtered',
  left_out: 'left out',
  rejected: 'rejected',
  refused: 'refused',
};

/** What the words mean, for those that are used. */
const MEANINGS: readonly (readonly [Fate, string])[] = [
  ['rejected', 'rejected: the function would dead-letter them, with this reason'],
  ['refused', 'refused: enqueue stops at the first of them, or writes all of them to the file of --skip-bad'],
];

/** In characters. */
const LONGEST_EXAMPLE = 300;

/**
 * Formats the result of a check for people.
 *
 * @param settings where the settings are from
 * @param transformation the file of the transformation; undefined if there is none
 * @param areKeysOfRows whether the settings give the events of rows the keys of live events
 */
export function describeCheck(
  result: CheckResult,
  {
    settings,
    transformation,
    areKeysOfRows,
  }: {
    readonly settings: string;
    readonly transformation?: string | undefined;
    readonly areKeysOfRows: boolean;
  },
): string {
  const { files, events, delivered, identifies, rowEvents, causes, shapes, refusedFiles } = result;
  const [only = ''] = files;
  const hasOneFile = files.length === 1;
  const name = hasOneFile ? nameOf(only) : `${files.length} files`;
  const withoutTime = causes.find(({ fate }) => fate === 'without_time');
  return [
    `${name}: ${events} events, ${transformation === undefined ? '' : `transformed by ${transformation}, `}mapped with the settings of ${settings}`,
    row('would be delivered', delivered, ''),
    ...(withoutTime === undefined
      ? []
      : [
          row(
            '  without a time',
            withoutTime.count,
            `in Heap they happen when they are loaded: ${describePlaces(withoutTime, hasOneFile)}`,
          ),
        ]),
    ...(identifies === 0 ? [] : [row('  identify calls', identifies, OVERWRITES)]),
    ...(rowEvents === 0 || areKeysOfRows ? [] : [row('  events of rows', rowEvents, OTHER_KEYS)]),
    ...Object.entries(TITLES).flatMap(([fate, title]) =>
      causes.filter((cause) => cause.fate === fate).flatMap((cause) => rowsOf(title, cause, hasOneFile)),
    ),
    ...MEANINGS.filter(([fate]) => causes.some((cause) => cause.fate === fate)).map(([, sentence]) => `  ${sentence}`),
    ...Object.entries(shapes).flatMap(([shape, { count, first }]) =>
      first === undefined
        ? [`  ${shape}: ${count}`]
        : [`  ${shape}: ${count}, for example`, `    ${JSON.stringify(first)}`],
    ),
    ...refusedFiles.map(({ why }) => `  ${why}`),
    ...(result.isComplete ? [] : ['  Interrupted: the rest was not checked.']),
  ].join('\n');
}

function rowsOf(title: string, cause: Cause, hasOneFile: boolean): readonly string[] {
  const example = describeExample(cause, hasOneFile);
  const shown = example.length > LONGEST_EXAMPLE ? `${example.slice(0, LONGEST_EXAMPLE - 1)}…` : example;
  return [
    row(`${title.padEnd(9)} ${cause.reason}`, cause.count, describePlaces(cause, hasOneFile)),
    ...(shown === '' ? [] : [`      ${shown}`]),
  ];
}

function row(title: string, count: number, then: string): string {
  return `  ${title}${String(count).padStart(Math.max(2, 42 - title.length))}   ${then}`.trimEnd();
}
