import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CallerError } from '../cli/caller-error.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads the options of `npm start` or `npm run dev`.
 *
 * @param command as one types it
 * @param whatForFile the option for a file that is given without one
 * @throws CallerError that says what to type instead
 */
export function readOptions<Known extends Options>(command: string, whatForFile: string, options: Known) {
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [first] = positionals;
    if (first === undefined) return values;
    throw new CallerError(`${first} is given without an option: ${command} -- ${whatForFile} ${first}`);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [problem = ''] = error.message.split(/[\n.]/);
    throw new CallerError(`${problem}. All options: ${command} -- --help`);
  }
}

/**
 * @param option with its dashes
 * @throws CallerError that names the option
 */
export function readPort(option: string, value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (port <= 65_535) return port;
  throw new CallerError(`${option} has to be a whole number from 0 to 65535, and is ${value}`);
}

/**
 * Starts a server at the port that an option has given.
 *
 * @throws CallerError that names the option, if the port cannot be used
 */
export async function listen<Server>(
  option: string,
  value: string,
  start: (port: number) => Promise<Server>,
): Promise<Server> {
  const port = readPort(option, value);
  try {
    return await start(port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new CallerError(
        `Port ${port} is in use: stop the program that uses it, or choose another port with ${option} (0 for any free one)`,
      );
    }
    if (code !== 'EACCES') throw error;
    throw new CallerError(`There is no permission to use port ${port}: choose a port above 1023 with ${option}`);
  }
}
