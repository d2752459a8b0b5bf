import { CommanderError } from 'commander';
import { ConfigurationError } from '../lib/configuration-error.ts';
import { CallerError } from './caller-error.ts';

/** What the caller can do about it, by the name of AWS's error. */
const ADVICE: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'No AWS credentials were found: run `aws sso login`, or set AWS_PROFILE.',
  ExpiredToken: 'The AWS credentials have expired: sign in again.',
  ExpiredTokenException: 'The AWS credentials have expired: sign in again.',
  InvalidClientTokenId: 'AWS does not accept these credentials: check AWS_PROFILE and the region.',
  QueueDoesNotExist: 'There is no such queue: check the address and the region.',
  'AWS.SimpleQueueService.NonExistentQueue': 'There is no such queue: check the address and the region.',
  ECONNREFUSED: 'Nothing answers at that address: is the endpoint right, and is `npm run dev` running?',
  ENOTFOUND: 'There is no such host: check the region and the endpoint.',
  ENOENT: 'There is no such file.',
  EACCES: 'The file may not be read or written.',
  EISDIR: 'That is a folder, not a file.',
};

/**
 * Runs a command. What the caller can fix (a setting, a file, an option, credentials, a queue, a permission) is reported in
 * one line, and the exit code is 2. Anything else is a bug and keeps its stack.
 */
export async function reportToCaller(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    // Commander has printed the line itself; asking for help is no error.
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const line = lineFor(error);
    if (line === undefined) throw error;
    console.error(line);
    process.exitCode = 2;
  }
}

/** Undefined for what the caller cannot fix. */
function lineFor(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [message = ''] = (error.message || 'it failed without a message').split('\n');
  if (error instanceof ConfigurationError || error instanceof CallerError) return message;
  // Node's errors have a code; AWS's a name, and what HTTP said.
  const code = 'code' in error ? error.code : undefined;
  const advice = ADVICE[error.name] ?? ADVICE[String(code)] ?? adviceByMessage(`${error.name} ${message}`);
  if (advice === undefined && !('$metadata' in error) && typeof code !== 'string') return undefined;
  if (advice === undefined) return message;
  return message === '' ? advice : `${advice} (${message})`;
}

function adviceByMessage(text: string): string | undefined {
  if (/Access ?Denied|not authorized/i.test(text)) return 'These credentials lack the permission for that.';
  if (/Stack .*does not exist/i.test(text)) return 'There is no such stack: check its name and the region.';
  if (/Region is missing/i.test(text)) return 'No AWS region is set: set AWS_REGION.';
  return undefined;
}
