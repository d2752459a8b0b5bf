import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { CallerError } from '../cli/caller-error.ts';
import { findTransformation, OWN_TRANSFORMATION } from '../cli/transformation.ts';
import { bundleWith } from '../infra/bundle.ts';
import { builtFunctions, parameterDefault, readTemplate, type BuiltFunction } from '../infra/template.ts';
import type { JsonObject } from '../lib/json.ts';
import type { TransformEvent } from '../lib/transformation/transform-event.ts';
import { startEventSourceMapping, type EventSourceMapping, type Invocation } from './lambda/event-source-mapping.ts';
import { createLambda, type Lambda } from './lambda/lambda.ts';
import { countMessages } from '../lib/sqs/count-messages.ts';
import { createLocalClient, createLocalQueues, LOCAL_AWS, type LocalQueues } from './queues.ts';

const ROOT = join(import.meta.dirname, '..');

export interface PipelineOptions {
  /** URL of an SQS server. */
  readonly sqsEndpoint: string;
  /** Prefix of the queues' names. */
  readonly queuePrefix: string;
  /** RudderStack's `Config`, as JSON. */
  readonly destinationConfig: string;
  readonly heapUrl: string;
  readonly onLog: (line: string) => void;
  /** False: nothing reads the queue. */
  readonly polls?: boolean;
  readonly onInvocation?: (invocation: Invocation) => void;
  /** The function's timeout; the default is the template's. */
  readonly timeoutMs?: number | undefined;
  /** The built function; the default is what `npm run build` has built. */
  readonly bundle?: string | undefined;
  /** Environment variables that override the function's. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The queues, the event source mapping and the function of template.yaml, on this machine. */
export interface Pipeline {
  readonly client: SQSClient;
  readonly queues: LocalQueues;
  readonly lambda: Lambda;
  /** Number of messages in the queue: visible, delayed and in flight. */
  messagesLeft(): Promise<number>;
  stop(): Promise<void>;
}

/** The same as in template.yaml. */
const FUNCTION_TIMEOUT_MS = 60_000;
/** Shorter than in template.yaml: a local run should be quick, and invocations cost nothing here. */
const BATCH_WINDOW_MS = 250;

/** The transformation that the function runs, and what can be told about it from outside. */
export interface LocalTransformation {
  /** The name of its file, and the function; undefined if there is none. */
  readonly name: string | undefined;
  readonly transformEvent: TransformEvent | undefined;
  /** Undefined for what `npm run build` has built. */
  readonly bundle: string | undefined;
  /** Removes what was built. */
  readonly remove: () => void;
}

/**
 * Loads the transformation, and builds the function with it if it is another one than that of this folder.
 *
 * @param file what the option `--transformation` names, else the environment variable `TRANSFORMATION`; `none` for none
 * @throws CallerError if it cannot be loaded or built
 */
export async function prepareTransformation(
  file = process.env['TRANSFORMATION'] || undefined,
): Promise<LocalTransformation> {
  const found = await findTransformation(file);
  const { name, transformEvent } = found ?? { name: undefined, transformEvent: undefined };
  const isAsBuilt =
    file === undefined || (file === 'none' && (await findTransformation(OWN_TRANSFORMATION)) === undefined);
  if (isAsBuilt) return { name, transformEvent, bundle: undefined, remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'forward-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const template = readTemplate(join(ROOT, 'template.yaml'));
  try {
    const built = forwardFunction(template);
    bundleWith(ROOT, built, folder, file);
    return { name, transformEvent, bundle: join(folder, `${built.name}.mjs`), remove };
  } catch {
    remove();
    throw new CallerError(`The function cannot be built with ${file}: see the lines above`);
  }
}

function forwardFunction(template: JsonObject): BuiltFunction {
  const forward = builtFunctions(template).find(({ name }) => name === 'forward');
  if (forward === undefined) throw new Error('the template has no function forward');
  return forward;
}

/** Creates the queues and starts everything between them and Heap. Run `npm run build` first. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const template = readTemplate(join(ROOT, 'template.yaml'));
  const forward = forwardFunction(template);
  const { sqsEndpoint } = options;
  const client = createLocalClient(sqsEndpoint);
  const queues = await createLocalQueues(client, sqsEndpoint, template, options.queuePrefix);
  const maximumConcurrency = Number(parameterDefault(template, 'MaximumConcurrency'));

  const lambda = createLambda({
    bundle: options.bundle ?? join(ROOT, 'dist', forward.name, `${forward.name}.mjs`),
    timeoutMs: options.timeoutMs ?? FUNCTION_TIMEOUT_MS,
    onLog: options.onLog,
    environment: {
      ...LOCAL_AWS,
      AWS_LAMBDA_FUNCTION_NAME: 'forward',
      AWS_ENDPOINT_URL_SQS: sqsEndpoint,
      DESTINATION_CONFIG: options.destinationConfig,
      QUEUE_URL: queues.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
      RETRY_HOURS: String(parameterDefault(template, 'RetryHours')),
      MAXIMUM_CONCURRENCY: String(maximumConcurrency),
      HEAP_BASE_URL: options.heapUrl,
      SERVICE_NAME: 'local',
      LOG_LEVEL: 'INFO',
      ...options.environment,
    },
  });
  const startMapping = (): EventSourceMapping =>
    startEventSourceMapping({
      client,
      queueUrl: queues.queueUrl,
      queueArn: queues.queueArn,
      lambda,
      batchSize: Number(parameterDefault(template, 'BatchSize')),
      batchWindowMs: BATCH_WINDOW_MS,
      maximumConcurrency,
      onInvocation: options.onInvocation ?? (() => undefined),
    });
  const mapping = options.polls === false ? undefined : startMapping();

  return {
    client,
    queues,
    lambda,
    messagesLeft: () => countMessages(client, queues.queueUrl),
    async stop() {
      await mapping?.stop();
      await lambda.stop();
      client.destroy();
    },
  };
}
