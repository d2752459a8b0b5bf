import type { isObject, valueAt } from '../json.ts';
import type { Metadata } from './metadata.ts';

/**
 * The function of a transformation, as RudderStack's users write it. It gets an event, which it may change, and gives what it
 * likes: nothing of it can be relied on, see `runTransformation`.
 *
 * @see https://www.rudderstack.com/docs/transformations/create/
 */
export type TransformEvent = (event: unknown, metadata: (event?: unknown) => Metadata) => unknown;

/**
 * What a transformation is run with. It is an argument for the reason that `lib/mapping/tools.ts` gives: nothing here is loaded without
 * a transformation.
 */
export interface JsonTools {
  readonly isObject: typeof isObject;
  readonly valueAt: typeof valueAt;
}
