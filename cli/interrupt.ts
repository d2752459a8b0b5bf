const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** That of a program that SIGPIPE has ended. */
const EXIT_CODE_OF_CLOSED_PIPE = 141;

const interrupted = new AbortController();
const closed = new AbortController();

/**
 * Returns a signal that is aborted by the first Ctrl-C (or SIGTERM, or SIGHUP), or when nobody reads the output any more, so that
 * work in progress can be finished. The second Ctrl-C ends the process at once, which is Node's default.
 */
export function interruptSignal(): AbortSignal {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.exitCode ??= EXIT_CODES[signal];
      interrupted.abort();
    });
  }
  return AbortSignal.any([interrupted.signal, closed.signal]);
}

/**
 * Lets the process end quietly when standard output or standard error is a pipe whose reader has ended, as in `… | head`. The exit
 * code is that of a program that SIGPIPE ends, since what was asked for was not done; Node ignores SIGPIPE and throws.
 */
export function endOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (!('code' in error) || error.code !== 'EPIPE') throw error;
      process.exitCode = EXIT_CODE_OF_CLOSED_PIPE;
      closed.abort();
    });
  }
}

/** Is aborted when nobody reads the output any more. */
export const closedOutputSignal: AbortSignal = closed.signal;
