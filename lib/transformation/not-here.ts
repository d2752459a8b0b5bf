/** What RudderStack gives to a transformation beside its arguments, and what becomes of it here. */
const MISSING: Readonly<Record<string, string>> = {
  // Node has one. Nothing would wait for its answer, and a request that fails would end the process.
  fetch: 'a transformation cannot make requests here: do it before the event is sent, or in your own code',
  fetchV2: 'a transformation cannot make requests here: do it before the event is sent, or in your own code',
  geolocation: 'a transformation cannot make requests here: let the source add the place to the event',
  getCredential: 'there are no credentials here: write the value into the file, if it is no secret',
};

/**
 * Defines the functions that RudderStack gives to a transformation. `log` does nothing in the function, since what it writes may be
 * data of an event. The others throw an error that says what to do instead.
 *
 * @param log called with the arguments of `log`
 */
export function defineRudderStackFunctions(log: (...values: readonly unknown[]) => void = () => undefined): void {
  define('log', log);
  for (const [name, why] of Object.entries(MISSING)) {
    define(name, () => {
      throw new Error(`${name} is not available: ${why}`);
    });
  }
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
