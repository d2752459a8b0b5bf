import type { Preview } from '../../lib/mapping/preview.ts';
import { hasFailed, returnedIn, type Tried } from './try-case.ts';

/** Formats what became of an event, for people. */
export function describeTried({ origin, input, preview, logged, verdict, expected }: Tried): string {
  const wanted = expected?.kind === 'throws' ? `an error: ${expected.words}` : JSON.stringify(expected?.output);
  return [
    origin,
    row('in', input.trim()),
    ...logged.map((line) => row('log', line)),
    ...outRows(preview),
    ...(verdict === 'as_expected' ? [row('✔', 'as expected')] : []),
    ...(verdict === 'not_as_expected' ? [row('✘', `expected ${wanted}`)] : []),
  ].join('\n');
}

/** Formats the counts of a run. */
export function describeAll(tried: readonly Tried[]): string {
  const failed = tried.filter(hasFailed).length;
  const asked = tried.filter(({ verdict }) => verdict !== 'not_asked');
  const met = asked.filter(({ verdict }) => verdict === 'as_expected').length;
  const counts = `${tried.length} events, ${failed} of which the transformation fails with an error`;
  return asked.length === 0 ? `${counts}.` : `${counts}; ${met} of ${asked.length} are as expected.`;
}

function outRows(preview: Preview): readonly string[] {
  if (hasFailed({ preview })) return [row('error', 'detail' in preview ? preview.detail : '')];
  const returned = returnedIn(preview);
  if (returned === null && preview.kind === 'filtered') return [row('out', 'nothing: the event is dropped')];
  const previews = preview.kind === 'list' ? preview.events : [preview];
  return previews.flatMap((one) => [
    ...('transformed' in one ? [row('out', JSON.stringify(one.transformed))] : []),
    row('Heap', heapText(one)),
  ]);
}

function heapText(preview: Exclude<Preview, { readonly kind: 'list' }>): string {
  switch (preview.kind) {
    case 'deliver':
      return [preview, ...(preview.also === undefined ? [] : [preview.also])]
        .map(({ endpoint, body }) => `${new URL(endpoint).pathname} ${JSON.stringify(body)}`)
        .join('\n         ');
    case 'filtered':
      return `nothing: filtered, ${preview.reason}`;
    case 'rejected':
      return `nothing: dead-lettered, ${preview.reason}: ${preview.detail}`;
  }
}

function row(title: string, text: string): string {
  return `  ${title.padEnd(6)} ${text}`;
}
