import { InvalidArgumentError, Option, type Command } from 'commander';
import { pointInTime } from '../option-values.ts';
import { parseDelimiter } from './csv-head.ts';
import { TABLES, type CellTypes, type DateFormat, type ReadOptions, type TableName } from './read-options.ts';

/** The options of a command that reads files of events, as commander gives them. */
export interface ReadFlags {
  readonly format?: 'ndjson' | 'json' | 'csv';
  readonly table?: TableName;
  readonly delimiter?: string;
  readonly columns?: readonly string[];
  readonly encoding: 'utf8' | 'latin1';
  readonly null: readonly string[];
  readonly types: CellTypes;
  readonly dateFormat?: DateFormat;
}

/** The options of a command that chooses among the events. */
export interface ChoiceFlags {
  readonly skip: readonly string[];
  /** A date, or a time before the load began. */
  readonly before?: string;
  readonly allowNoTime: boolean;
}

/** Adds the options that say how files are to be read. */
export function withReading(command: Command): Command {
  return command
    .addOption(
      new Option('--format <format>', 'format of the files; by default it is detected').choices([
        'ndjson',
        'json',
        'csv',
      ]),
    )
    .addOption(
      new Option(
        '--table <table>',
        'RudderStack’s table that the rows belong to; by default it is told by the columns',
      ).choices(TABLES),
    )
    .option('--delimiter <character>', 'what separates the cells of a CSV file, for example ; or tab', parseDelimiter)
    .option('--columns <names>', 'names of the columns of a CSV file without a header line, with commas', parseNames)
    .addOption(new Option('--encoding <encoding>', 'encoding of the files').choices(['utf8', 'latin1']).default('utf8'))
    .option('--null <text>', 'a text that stands for an absent value in rows; may be repeated', collect, [])
    .addOption(
      new Option(
        '--types <types>',
        'text cells of rows: text for all of them, or infer for numbers and booleans where they look like one',
      )
        .choices(['text', 'infer'])
        .default('text'),
    )
    .addOption(
      new Option('--date-format <format>', 'order of dates with slashes, which are not read otherwise').choices([
        'DD/MM/YYYY',
        'MM/DD/YYYY',
      ]),
    );
}

/** The calls that can be left out. */
const CALLS = ['identify', 'track', 'page', 'screen', 'group', 'alias'];

/** Adds the options that say which events are to be sent. */
export function withChoice(command: Command): Command {
  return command
    .addOption(
      new Option('--skip <type>', 'leave out events of this type; may be repeated')
        .choices(CALLS)
        .argParser(collectType)
        .default([]),
    )
    .option('--before <when>', 'leave out events at this time or later: a date, or 90s, 30m, 2h, 3d ago', checkedTime)
    .option('--allow-no-time', 'send track events without a time: in Heap they happen when they are loaded', false);
}

/**
 * Returns how files are to be read.
 *
 * @param nowMs in ms since 1970: what `--before 3d` counts from
 */
export function toReadOptions(flags: ReadFlags, choice: ChoiceFlags, nowMs: number): ReadOptions {
  return {
    format: flags.format,
    table: flags.table,
    delimiter: flags.delimiter,
    columns: flags.columns,
    encoding: flags.encoding,
    nulls: flags.null,
    types: flags.types,
    dateFormat: flags.dateFormat,
    skip: choice.skip,
    beforeMs: choice.before === undefined ? undefined : pointInTime(choice.before, nowMs),
    allowNoTime: choice.allowNoTime,
  };
}

function checkedTime(text: string): string {
  pointInTime(text, Date.now());
  return text;
}

function parseNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('It has to be names with commas between them.');
  return names;
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function collectType(text: string, before: readonly string[]): readonly string[] {
  if (!CALLS.includes(text)) throw new InvalidArgumentError(`Allowed choices are ${CALLS.join(', ')}.`);
  return [...before, text];
}
