import { CommanderError } from 'commander';
import { ConfigurationError } from '../lib/configuration-error.ts';
import { CallerError } from './caller-error.ts';
import { closedOutputSignal } from './interrupt.ts';

/** What the caller can do, by the name or code of the error. */
const ADVICE: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'No AWS credentials were found: run `aws sso login`, or set AWS_PROFILE.',
  ExpiredToken: 'The AWS credentials have expired: sign in again.',
  ExpiredTokenException: 'The AWS credentials have expired: sign in again.',
  InvalidClientTokenId: 'AWS does not accept these credentials: check AWS_PROFILE and the region.',
  QueueDoesNotExist: 'The queue does not exist: check its URL and the region.',
  'AWS.SimpleQueueService.NonExistentQueue': 'The queue does not exist: check its URL and the region.',
  ECONNREFUSED: 'The connection was refused: check the endpoint, and whether `npm run dev` is running.',
  ENOTFOUND: 'The host does not exist: check the region and the endpoint.',
  ENOENT: 'The file does not exist.',
  EACCES: 'No permission to read or write the file.',
  EISDIR: 'The path is a folder, not a file.',
};

/**
 * Runs a command. An error that the caller can fix (in a setting, a file, an option, credentials, a queue or a permission)
 * is printed in one line (as JSON with `--json`), and the exit code is 2. Any other error is a bug and is thrown with its stack.
 */
export async function reportToCaller(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    // Commander has already printed the message. Exit code 0 means that help was requested.
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    if (closedOutputSignal.aborted) return;
    const line = lineFor(error);
    if (line === undefined) throw error;
    if (wantsJson()) console.log(JSON.stringify({ error: line }));
    else console.error(line);
    process.exitCode = 2;
  }
}

/** Prints Commander's message about a wrong option: for people, or as JSON for scripts. */
export function reportUsageError(text: string, write: (text: string) => void): void {
  if (wantsJson()) console.log(JSON.stringify({ error: text.trim().replace(/^error: /, '') }));
  else write(text);
}

/** Also before the options were parsed, or when they are wrong. */
function wantsJson(): boolean {
  return process.argv.slice(2).includes('--json');
}

/** Returns undefined for an error that the caller cannot fix. */
function lineFor(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [message = ''] = (error.message || 'unknown error').split('\n');
  if (error instanceof ConfigurationError || error instanceof CallerError) return message;
  // Node's errors have a code. The AWS SDK's errors have a name and $metadata.
  const code = 'code' in error ? error.code : undefined;
  const advice = ADVICE[error.name] ?? ADVICE[String(code)] ?? adviceByMessage(`${error.name} ${message}`);
  if (advice === undefined && !('$metadata' in error) && typeof code !== 'string') return undefined;
  if (advice === undefined) return message;
  return message === '' ? advice : `${advice} (${message})`;
}

function adviceByMessage(text: string): string | undefined {
  if (/Access ?Denied|not authorized/i.test(text)) return 'The AWS credentials lack a permission.';
  if (/Stack .*does not exist/i.test(text)) return 'The stack does not exist: check its name and the region.';
  if (/Region is missing/i.test(text)) return 'No AWS region is set: set AWS_REGION.';
  return undefined;
}
