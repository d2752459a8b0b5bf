import { isArray, isObject, valueAt, type JsonObject } from '../../lib/json.ts';
import { CallerError } from '../caller-error.ts';

/**
 * Finds the `Config` of the Heap destination in a file: the object itself, a destination as RudderStack's API and its
 * transformer give it (`{"destination":{"config":…}}`, `{"config":…}`, `{"Config":…}`), or the workspace configuration of
 * RudderStack Open Source.
 *
 * @throws CallerError if there is none, or more than one
 */
export function destinationConfigIn(file: unknown, name: string): JsonObject {
  if (!isObject(file)) throw new CallerError(`${name} has to be a JSON object`);
  const [config, ...others] = heapDestinationsIn(file);
  if (others.length > 0) {
    throw new CallerError(
      `${name} has ${others.length + 1} Heap destinations: save the config of one of them in a file`,
    );
  }
  const inside = ['destination.config', 'destination.Config', 'config', 'Config']
    .map((path) => valueAt(file, path.split('.')))
    .find(isObject);
  return config ?? inside ?? file;
}

/** The configs of the Heap destinations in a workspace configuration; the same destination of several sources counts once. */
function heapDestinationsIn(workspace: JsonObject): readonly JsonObject[] {
  const sources = isArray(workspace['sources']) ? workspace['sources'] : [];
  const destinations = sources.flatMap((source) => {
    const some = valueAt(source, ['destinations']);
    return isArray(some) ? some : [];
  });
  const heap = destinations.filter((one) => valueAt(one, ['destinationDefinition', 'name']) === 'HEAP');
  const configs = heap.map((one) => valueAt(one, ['config'])).filter(isObject);
  return [...new Map(configs.map((config) => [JSON.stringify(config), config])).values()];
}
