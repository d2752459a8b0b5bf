import { loadTransforming, type Transforming } from '../lib/forwarding/transforming.ts';
// oxlint-disable-next-line import/default -- it is imported as text
import source from '../transformation/transformation.js' with { type: 'text' };

let loading: Promise<Transforming> | undefined;

/** Loads the owner's transformation, once. It is rejected if the file is wrong, as for a wrong setting: nothing is forwarded. */
export function load(): Promise<Transforming> {
  return (loading ??= loadTransforming(source));
}
