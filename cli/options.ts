import type { Command } from 'commander';
import type { VisitOptions } from './dead-letters/visit.ts';
import { interruptSignal } from './interrupt.ts';
import { parseCount, parsePointInTime } from './option-values.ts';

export interface OutputOptions {
  readonly json?: boolean;
}

export interface VisibilityOptions {
  /** In s. */
  readonly visibilityTimeout: number;
}

/** A command that needs the queues. */
export function withConnection(command: Command): Command {
  return command
    .option('--stack <name>', 'the CloudFormation stack that the queues belong to')
    .option('--queue-url <url>', 'the queue, instead of a stack’s')
    .option('--dead-letter-queue-url <url>', 'the dead-letter queue, instead of a stack’s')
    .option('--local', 'the queues of npm run dev')
    .option('--json', 'print JSON, for scripts')
    .exitOverride();
}

/** A command that looks at dead letters. */
export function withDeadLetters(command: Command): Command {
  return withConnection(command).option(
    '--visibility-timeout <seconds>',
    'how long a dead letter stays invisible to others if this command is killed',
    parseCount,
    120,
  );
}

/** A command that can be limited to some dead letters. */
export function withSelection(command: Command): Command {
  return command
    .option('--reason <code>', 'only this reason; none for what SQS has moved by itself')
    .option('--since <when>', 'only what failed since: a date, or 90s, 30m, 2h, 3d', parsePointInTime)
    .option('--before <when>', 'only what failed before', parsePointInTime)
    .option('--event <name>', 'only this track event, or this type of event');
}

/** From the options to how dead letters are visited; the first Ctrl-C ends the visit. */
export function toVisitOptions({ visibilityTimeout }: VisibilityOptions): VisitOptions {
  return { visibilityTimeoutS: visibilityTimeout, signal: interruptSignal() };
}

/** A sentence for a person, or the result for a script. */
export function print({ json }: OutputOptions, result: object, sentence: string): void {
  console.log(json === true ? JSON.stringify(result) : sentence);
}
