import { isDeepStrictEqual } from 'node:util';
import { previewEvent, type Preview } from '../../lib/mapping/preview.ts';
import { unwrap, type Enveloped } from '../../lib/rudderstack/envelope.ts';
import type { Settings } from '../../lib/rudderstack/settings.ts';
import type { TransformEvent } from '../../lib/transformation/transform-event.ts';
import type { Case, Expectation } from './read-cases.ts';

/** What became of one event. */
export interface Tried {
  readonly origin: string;
  /** What the transformation got: the event, without its envelopes. The text itself of what is no event. */
  readonly input: string;
  readonly preview: Preview;
  /** What `log` was called with. */
  readonly logged: readonly string[];
  readonly verdict: 'as_expected' | 'not_as_expected' | 'not_asked';
  readonly expected: Expectation | undefined;
}

/** Runs a transformation on the events of a case, and maps what it returns. */
export function tryCase(
  { body, origin, expected }: Case,
  settings: Settings,
  transformEvent: TransformEvent,
  takeLogged: () => readonly string[],
): readonly Tried[] {
  return unwrap(body).map((one) => {
    const input = inputOf(one);
    const preview = previewEvent(one, settings, undefined, transformEvent);
    const isMet = expected === undefined ? undefined : meets(preview, expected);
    const verdict = isMet === undefined ? 'not_asked' : isMet ? 'as_expected' : 'not_as_expected';
    return { origin, input, preview, logged: takeLogged(), verdict, expected };
  });
}

/** Before the transformation changes the event. */
function inputOf(one: Enveloped): string {
  if (one.kind === 'rejected') return one.text();
  try {
    return JSON.stringify(one.event);
  } catch (error) {
    // It is nested too deeply for that.
    if (error instanceof RangeError) return one.text();
    throw error;
  }
}

/** Whether a transformation was stopped by an error, or returned what is no event. */
export function hasFailed({ preview }: Pick<Tried, 'preview'>): boolean {
  return preview.kind === 'rejected' && preview.reason === 'transformation_failed';
}

/** What a transformation has returned: null for nothing. */
export function returnedIn(preview: Preview): unknown {
  if (preview.kind === 'list') return preview.events.map(({ transformed }) => transformed);
  return ('transformed' in preview ? preview.transformed : undefined) ?? null;
}

function meets(preview: Preview, expected: Expectation): boolean {
  if (expected.kind === 'throws') {
    return hasFailed({ preview }) && preview.kind === 'rejected' && preview.detail.includes(expected.words);
  }
  return !hasFailed({ preview }) && isDeepStrictEqual(returnedIn(preview), expected.output);
}
