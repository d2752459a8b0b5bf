import { decideTransformed } from '../mapping/decide-transformed.ts';
import type { Mapped } from '../mapping/mapped.ts';
import type { Tools } from '../mapping/tools.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import { loadTransformation } from '../transformation/load.ts';
import type { TransformEvent } from '../transformation/transform-event.ts';

type Decision = Mapped | Filtered | Rejected;

/** Decides an event with a transformation. */
export type Transforming = (
  event: RudderStackEvent,
  settings: Settings,
  decideOne: (event: RudderStackEvent) => Decision,
  tools: Tools,
) => Decision;

/** Decides events with a transformation: the function loads it only if there is one. */
export function transformingWith(transformEvent: TransformEvent): Transforming {
  return (event, settings, decideOne, tools) =>
    decideTransformed(transformEvent, event, settings, decideOne, tools).decision;
}

/**
 * Loads the transformation for the function.
 *
 * @param source the text of its file
 * @throws an error that is logged like a ConfigurationError, whose class belongs to the file of the function
 */
export async function loadTransforming(source: string): Promise<Transforming> {
  const loaded = await loadTransformation(source);
  if (loaded.kind === 'loaded') return transformingWith(loaded.transformEvent);
  const error = new Error(loaded.kind === 'wrong' ? loaded.why : 'the transformation is empty');
  error.name = 'ConfigurationError';
  throw error;
}
