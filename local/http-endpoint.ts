import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHttpApi, type Throttle } from './http-api.ts';
import { createLambda, type Lambda } from './lambda/lambda.ts';
import { startParameterStore, type ParameterStore } from './parameter-store.ts';
import { LOCAL_AWS } from './queues.ts';

const ROOT = join(import.meta.dirname, '..');
const KEYS_PARAMETER = '/local/ingest-keys';
/** The same as in infra/ingest.yaml. */
const FUNCTION_TIMEOUT_MS = 15_000;

export interface HttpEndpointOptions {
  /** URL of an SQS server. */
  readonly sqsEndpoint: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** The write keys and webhook secrets, as JSON: see docs/ingest.md. Undefined: there is no such parameter. */
  readonly keys: string | undefined;
  /** RudderStack's `Config`, as JSON: the forwarder's. The default is cloud mode. */
  readonly destinationConfig?: string;
  readonly onLog: (line: string) => void;
  /** 0 for any free port. */
  readonly port?: number;
  /** Environment variables that override the function's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The function's timeout; the default is the template's. */
  readonly timeoutMs?: number | undefined;
  /** The limit of the events' routes; none by default. */
  readonly throttle?: Throttle | undefined;
}

/** The HTTP API, the function and the parameter of infra/ingest.yaml, on this machine. */
export interface HttpEndpoint {
  /** The data plane URL. */
  readonly url: string;
  readonly lambda: Lambda;
  readonly parameterStore: Pick<ParameterStore, 'calls' | 'throttleNext'>;
  /** Changes the parameter with the keys; undefined removes it. */
  setKeys(keys: string | undefined): void;
  stop(): Promise<void>;
}

/** Starts the built HTTP endpoint, which sends to existing queues. Run `npm run build` first. */
export async function startHttpEndpoint(options: HttpEndpointOptions): Promise<HttpEndpoint> {
  const {
    sqsEndpoint,
    queueUrl,
    deadLetterQueueUrl,
    keys,
    onLog,
    port,
    environment,
    timeoutMs = FUNCTION_TIMEOUT_MS,
  } = options;
  const parameters = new Map(keys === undefined ? [] : [[KEYS_PARAMETER, keys]]);
  const parameterStore = await startParameterStore(parameters);
  const lambda = createLambda({
    bundle: join(ROOT, 'dist', 'ingest', 'ingest.cjs'),
    timeoutMs,
    onLog,
    environment: {
      ...LOCAL_AWS,
      AWS_LAMBDA_FUNCTION_NAME: 'ingest',
      AWS_ENDPOINT_URL_SQS: sqsEndpoint,
      AWS_ENDPOINT_URL_SSM: parameterStore.url,
      QUEUE_URL: queueUrl,
      DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl,
      DESTINATION_CONFIG: options.destinationConfig ?? readFileSync(join(import.meta.dirname, 'settings.json'), 'utf8'),
      INGEST_KEYS_PARAMETER: KEYS_PARAMETER,
      SERVICE_NAME: 'local',
      LOG_LEVEL: 'INFO',
      ...environment,
    },
  });
  const api = await startHttpApi(lambda, port, options.throttle);
  return {
    url: api.url,
    lambda,
    parameterStore,
    setKeys(changed) {
      if (changed === undefined) parameters.delete(KEYS_PARAMETER);
      else parameters.set(KEYS_PARAMETER, changed);
    },
    async stop() {
      await api.stop();
      await lambda.stop();
      await parameterStore.stop();
    },
  };
}
