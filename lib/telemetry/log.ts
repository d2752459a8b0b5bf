import type { Context } from 'aws-lambda';

/** The log levels, from least to most severe. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Settings for logs and metrics. */
export interface LogSettings {
  /** Part of every log line and every metric: the name of the stack. */
  readonly service: string;
  /** Less severe lines are not written. */
  readonly level: LogLevel;
}

type WriteLog = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/** Writes structured log lines in JSON: a message for people, and fields with a stable `code` and context. */
export interface Log {
  readonly startInvocation: (context: Pick<Context, 'awsRequestId' | 'functionName'>) => void;
  readonly debug: WriteLog;
  readonly info: WriteLog;
  readonly warn: WriteLog;
  readonly error: WriteLog;
}

/**
 * Creates a log. No logging library is used, because loading one took a sixth of the function's cold start.
 *
 * @param write receives each line
 * @see docs/performance.md
 */
export function createLog({ service, level }: LogSettings, write: (line: string) => void = writeLine): Log {
  let invocation: Readonly<Record<string, unknown>> = {};
  let isColdStart = true;

  function at(severity: LogLevel): WriteLog {
    if (LOG_LEVELS.indexOf(severity) < LOG_LEVELS.indexOf(level)) return () => undefined;
    return (message, fields) => {
      const timestamp = new Date().toISOString();
      write(JSON.stringify({ level: severity, message, timestamp, service, ...invocation, ...fields }));
    };
  }

  return {
    startInvocation({ awsRequestId, functionName }) {
      invocation = { functionName, requestId: awsRequestId, isColdStart };
      isColdStart = false;
    },
    debug: at('DEBUG'),
    info: at('INFO'),
    warn: at('WARN'),
    error: at('ERROR'),
  };
}

/** Describes an error for a log: its class and stack, without the message, which may quote data of an event. */
export function describeError(error: unknown): { readonly errorName: string; readonly stack: readonly string[] } {
  return { errorName: error instanceof Error ? error.name : typeof error, stack: stackOf(error) };
}

/** Writes a line to standard output. Lambda's `console` would add fields of its own. */
export function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A call in a stack. A line of the message may begin with `at` as well. */
const FRAME = /^at .*(?::\d+:\d+|<anonymous>|native|index \d+)\)?$/;

/** The stack without its first lines, which contain the message. */
function stackOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  return (error.stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => FRAME.test(line));
}
