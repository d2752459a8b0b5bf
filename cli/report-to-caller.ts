import { ConfigurationError } from '../lib/config.ts';

/**
 * Runs a command. A wrong setting, file or option is the caller's: one line says what it is, and the exit code is 2.
 * Anything else is a fault of ours and keeps its stack.
 */
export async function reportToCaller(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!isCallers(error)) throw error;
    const [line] = error.message.split('\n');
    console.error(line);
    process.exitCode = 2;
  }
}

/** The errors of Node's file system and of its `parseArgs` have a code. */
function isCallers(error: unknown): error is Error {
  return error instanceof ConfigurationError || (error instanceof Error && 'code' in error);
}
