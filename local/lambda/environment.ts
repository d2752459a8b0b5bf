/**
 * One execution environment: a process that loads a bundle as Lambda's runtime does, and then handles one invocation at a
 * time. lambda.ts starts it, with the bundle's path as its argument.
 */
import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import { isObject } from '../../lib/json.ts';
import type { InvocationAnswer } from './lambda.ts';

const [, , bundle = ''] = process.argv;
let handler: unknown;
const loading = await answer(async () => {
  const loaded: unknown = await import(pathToFileURL(bundle).href);
  handler = isObject(loaded) ? loaded['handler'] : undefined;
  if (typeof handler !== 'function') throw new Error(`${bundle} does not export a handler`);
});

process.on('message', (message: unknown) => {
  if (!isObject(message) || typeof message['deadline'] !== 'number' || typeof message['requestId'] !== 'string') return;
  const context = createContext(message['requestId'], message['deadline']);
  const invoke = (): unknown => (typeof handler === 'function' ? handler(message['event'], context) : undefined);
  void respond(invoke);
});
process.send?.(loading);

async function respond(invoke: () => unknown): Promise<void> {
  process.send?.(await answer(invoke));
  // This process is ended by a signal, and then Node.js itself does not write its compile cache (NODE_COMPILE_CACHE).
  flushCompileCache();
}

async function answer(invoke: () => unknown): Promise<InvocationAnswer> {
  try {
    return { kind: 'response', response: await invoke() };
  } catch (error) {
    return { kind: 'error', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function createContext(awsRequestId: string, deadline: number): Context {
  const functionName = process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'forward';
  return {
    awsRequestId,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? '512',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: unsupported,
    fail: unsupported,
    succeed: unsupported,
  };
}

function unsupported(): never {
  throw new Error('Lambda does not support callbacks with Node.js 24');
}
