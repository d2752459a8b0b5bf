import type { Context } from 'aws-lambda';

/** The least severe first. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogSettings {
  /** Stands in every line and every metric: the name of the stack. */
  readonly service: string;
  /** What is less severe is left out. */
  readonly level: LogLevel;
}

type Say = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/** Lines of JSON: a sentence for a person, a stable `code` and context as fields. */
export interface Log {
  readonly startInvocation: (context: Pick<Context, 'awsRequestId' | 'functionName'>) => void;
  readonly debug: Say;
  readonly info: Say;
  readonly error: Say;
}

/**
 * Our own instead of a library: a logger library and what it brings along took a sixth of the function's cold start.
 *
 * @param write takes a line
 * @see docs/performance.md
 */
export function createLog({ service, level }: LogSettings, write: (line: string) => void = writeLine): Log {
  let invocation: Readonly<Record<string, unknown>> = {};
  let isColdStart = true;

  function at(severity: LogLevel): Say {
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
    error: at('ERROR'),
  };
}

/** What a log may say of an error: its class and where it happened. The message may quote what it choked on. */
export function describeError(error: unknown): { readonly errorName: string; readonly stack: readonly string[] } {
  return { errorName: error instanceof Error ? error.name : typeof error, stack: stackOf(error) };
}

/** Straight to the output: Lambda's `console` would wrap the line into another one. */
export function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Without the first line, which holds the message. */
function stackOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  return (error.stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '));
}
