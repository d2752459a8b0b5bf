import type { Command } from 'commander';
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
}

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

/** Adds the options of a command that receives dead letters. */
export function withDeadLetters(command: Command): Command {
  return withConnection(command).option(
    '--visibility-timeout <seconds>',
    'visibility timeout of received dead letters, which applies if this command is killed',
    parseCount,
    120,
  );
}

/** Adds the options of a command that selects dead letters. */
export function withSelection(command: Command): Command {
  return command
    .option('--reason <code>', 'only dead letters with this reason; none for those moved by SQS’s redrive policy')
    .option('--since <when>', 'only those that failed since: a date, or 90s, 30m, 2h, 3d ago', parsePointInTime)
    .option('--before <when>', 'only those that failed before', parsePointInTime)
    .option('--event <name>', 'only this track event, or this type of event');
}

/** Returns the options of `visitDeadLetters`. The first Ctrl-C ends the visit. */
export function toVisitOptions({ visibilityTimeout }: VisibilityOptions): VisitOptions {
  return { visibilityTimeoutS: visibilityTimeout, signal: interruptSignal() };
}

/** Prints a sentence for people, or the result as JSON for scripts. */
export function print({ json }: OutputOptions, result: object, sentence: string): void {
  console.log(json === true ? JSON.stringify(result) : sentence);
}
