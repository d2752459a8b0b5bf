import { thisCommand, type Hint } from '../hint.ts';
import type { Exported } from './export.ts';
import type { RedriveResult } from './redrive.ts';
import { describeUnseen } from './unseen.ts';

/** Formats the result of a redrive for people. The numbers of its lines add up to all dead letters that were seen. */
export function describeRedrive(
  result: RedriveResult,
  { dryRun, maxRedrives }: { readonly dryRun: boolean; readonly maxRedrives: number },
  hint: Hint,
): string {
  const { sent, notSelected, failedAnew, overLimit, pieces, failed, notReached, left } = result;
  const seen = sent + notSelected + failedAnew + overLimit + pieces + failed + notReached;
  const toExport = hint('dead-letters', 'export', 'dead-letters.ndjson');
  const rows: readonly (readonly [number, string])[] = [
    [sent, dryRun ? 'would be sent back to the queue' : 'were sent back to the queue'],
    [notSelected, 'were not selected'],
    [failedAnew, 'have failed since this redrive began, and wait for the next one'],
    [
      overLimit,
      `exceed the redrive limit of ${maxRedrives} and stay: fix the cause and add --max-redrives ${maxRedrives + 1}, or export them:\n  ${toExport}`,
    ],
    [
      pieces,
      `are pieces of events that are too large for a message of the queue, and stay. To get these events:\n  ${toExport}`,
    ],
    [failed, 'could not be sent and stay'],
    [notReached, 'were not reached and stay'],
  ];
  const lines = rows.filter(([count], index) => count > 0 || index === 0).map(([count, text]) => `${count} ${text}`);
  return [
    `${seen} dead letters were seen:`,
    ...lines,
    `SQS counts ${left} in the dead-letter queue now.`,
    describeUnseen(result),
    result.isComplete ? '' : `To continue:\n  ${thisCommand()}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** Formats the result of an export for people. */
export function describeExport(
  result: Exported,
  { file, isMoved }: { readonly file: string; readonly isMoved: boolean },
  hint: Hint,
): string {
  const { exported, apart } = result;
  return [
    `${exported} dead letters ${isMoved ? 'moved' : 'copied'} to ${file === '-' ? 'standard output' : file}.`,
    file === '-' || exported === 0 ? '' : `To send them to the queue:\n  ${hint('enqueue', file)}`,
    apart === 0
      ? ''
      : `${apart} pieces of events that are too large for one message were copied one by one, because other pieces are missing. They stay in the dead-letter queue.`,
    describeUnseen(result),
  ]
    .filter((line) => line !== '')
    .join('\n');
}
