/**
 * Returns a signal that the first Ctrl-C (or SIGTERM) aborts, so that work in progress can be finished. The second Ctrl-C
 * ends the process at once, which is Node's default.
 */
export function interruptSignal(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.exitCode = 130;
      interrupted.abort();
    });
  }
  return interrupted.signal;
}
