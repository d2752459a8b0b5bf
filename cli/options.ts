import { Option, type Command } from 'commander';
import { REJECT_REASONS } from '../lib/reject-reasons.ts';
import { DEFAULT_WAIT_S } from './dead-letters/default-wait.ts';
import type { VisitOptions } from './dead-letters/visit.ts';
import { interruptSignal } from './interrupt.ts';
import { parseCount, parsePointInTime } from './option-values.ts';

/** Options for the output. */
export interface OutputOptions {
  readonly json?: boolean;
}

/** Options for the visibility timeout. */
export interface VisibilityOptions {
  /** In seconds. */
  readonly visibilityTimeout: number;
  /** In seconds. */
  readonly wait: number;
}

/** The reasons that dead letters have; `none` for one that SQS's redrive policy has moved. */
const REASONS = [...Object.keys(REJECT_REASONS), 'none'];

/** Adds the options of a command that needs the queues. */
export function withConnection(command: Command): Command {
  return command
    .option('--stack <name>', 'find the queues in the outputs of this CloudFormation stack')
    .option('--queue-url <url>', 'URL of the queue; overrides the stack')
    .option('--dead-letter-queue-url <url>', 'URL of the dead-letter queue; overrides the stack')
    .option('--local', 'use the queues of npm run dev')
    .option('--json', 'print JSON, for scripts')
    .exitOverride();
}

/** Adds the option of a command that runs the transformation. */
export function withTransformation(command: Command): Command {
  return command.option(
    '--transformation <file>',
    'for the mapping: another transformation than transformation/transformation.js',
  );
}

/** Adds the options of a command that receives dead letters. */
export function withDeadLetters(command: Command): Command {
  return withConnection(command)
    .option(
      '--visibility-timeout <seconds>',
      'visibility timeout of received dead letters; it is extended, and ends only if this command is killed',
      parseCount,
      120,
    )
    .option(
      '--wait <seconds>',
      'how long to wait for dead letters that another reader holds',
      parseCount,
      DEFAULT_WAIT_S,
    );
}

/** Adds the options of a command that selects dead letters. */
export function withSelection(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--reason <code>',
        'only dead letters with this reason; none for those moved by SQS’s redrive policy',
      ).choices(REASONS),
    )
    .option('--since <when>', 'only those that failed since: a date, or 90s, 30m, 2h, 3d ago', parsePointInTime)
    .option('--before <when>', 'only those that failed before', parsePointInTime)
    .option('--event <name>', 'only this track event, or this type of event');
}

/** Returns the options of `visitDeadLetters`. The first Ctrl-C ends the visit. */
export function toVisitOptions({ visibilityTimeout, wait }: VisibilityOptions): VisitOptions {
  return { visibilityTimeoutS: visibilityTimeout, waitS: wait, signal: interruptSignal() };
}

/** Prints a sentence for people, or the result as JSON for scripts. */
export function print({ json }: OutputOptions, result: object, sentence: string): void {
  console.log(json === true ? JSON.stringify(result) : sentence);
}
