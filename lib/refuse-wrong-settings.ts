import { ConfigurationError } from './configuration-error.ts';

type Handler<Event, Context, Result> = (event: Event, context: Context) => Promise<Result>;

/**
 * Creates a handler when the container starts. If a setting is wrong, it is a handler that fails every invocation with the
 * ConfigurationError. Lambda's runtime logs a failed invocation as one JSON object, and shows its message to whoever invokes the
 * function. Of a failed start it writes some twenty lines, and starts again for each invocation.
 *
 * @throws what `create` throws, if it is not a ConfigurationError
 */
export function refuseWrongSettings<Event, Context, Result>(
  create: () => Handler<Event, Context, Result>,
): Handler<Event, Context, Result> {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return () => Promise.reject(error);
  }
}
