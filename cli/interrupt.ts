/**
 * Aborted by the first Ctrl-C (or SIGTERM), so that what is under way can end in order. The second one ends the process at
 * once, as it does by default.
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
