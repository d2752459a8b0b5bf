import { SingleBar } from 'cli-progress';

/** A progress bar. */
export interface Progress {
  /**
   * @param done how much of the total is done, in the unit of the total
   * @param events how many items are done
   */
  readonly update: (done: number, events: number) => void;
  readonly stop: () => void;
}

/** In characters. */
const LONGEST_BAR = 40;
/** What stands behind the bar, in characters. */
const ROOM_FOR_NUMBERS = 55;

/**
 * Starts a progress bar with rate and remaining time on standard error. Prints nothing if that is not a terminal.
 *
 * @param what the name of the items, in the plural
 */
export function startProgress(total: number, what: string): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const startedAt = Date.now();
  const bar = new SingleBar({
    format: `{bar} {percentage} %  {events} ${what}  {rate}/s  {eta_formatted} left`,
    stream: process.stderr,
    barsize: Math.max(0, Math.min(LONGEST_BAR, process.stderr.columns - ROOM_FOR_NUMBERS)),
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    etaBuffer: 100,
    fps: 5,
  });
  bar.start(Math.max(total, 1), 0, { events: 0, rate: 0 });
  return {
    update(done, events) {
      const seconds = (Date.now() - startedAt) / 1000;
      bar.update(Math.min(done, total), {
        events: events.toLocaleString('en'),
        rate: Math.round(events / Math.max(seconds, 0.1)).toLocaleString('en'),
      });
    },
    stop: () => bar.stop(),
  };
}
