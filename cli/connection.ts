import type { SQSClient } from '@aws-sdk/client-sqs';
import { CallerError } from './caller-error.ts';
import type { NamedSettings } from './read-config.ts';

/** The options that select the queues. */
export interface ConnectionOptions {
  readonly stack?: string;
  readonly queueUrl?: string;
  readonly deadLetterQueueUrl?: string;
  /** Use the queues of `npm run dev`. */
  readonly local?: boolean;
}

/** A client for SQS, and the two queues. */
export interface Connection {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** The settings of the stack that the queues belong to, if they were found by its name. */
  readonly stackSettings?: NamedSettings;
}

const LOCAL_ENDPOINT = 'http://127.0.0.1:4566';
const LOCAL_QUEUES = `${LOCAL_ENDPOINT}/000000000000/local`;

/**
 * Finds the two queues, from the first of these that is given: the options with URLs, the outputs of a stack, and the
 * environment variables `QUEUE_URL` and `DEAD_LETTER_QUEUE_URL`. Credentials and region are found like in AWS's own tools.
 * `AWS_ENDPOINT_URL_SQS` is supported.
 *
 * @throws CallerError if no queues are given, or the stack has no outputs for them
 */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  // Loaded on demand, since it loads the AWS SDK, which checking a file does not need.
  const { createSqsClient } = await import('../lib/sqs/client.ts');
  if (options.local === true) {
    const client = createSqsClient({
      endpoint: process.env['AWS_ENDPOINT_URL_SQS'] ?? LOCAL_ENDPOINT,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    return { client, queueUrl: `${LOCAL_QUEUES}-events`, deadLetterQueueUrl: `${LOCAL_QUEUES}-dead-letters` };
  }
  const ofStack = options.stack === undefined ? undefined : await findStack(options.stack);
  const queueUrl = options.queueUrl ?? ofStack?.queueUrl ?? process.env['QUEUE_URL'] ?? '';
  const deadLetterQueueUrl =
    options.deadLetterQueueUrl ?? ofStack?.deadLetterQueueUrl ?? process.env['DEAD_LETTER_QUEUE_URL'] ?? '';
  if (queueUrl === '' || deadLetterQueueUrl === '') {
    throw new CallerError(
      'No queues are given: use --stack NAME, or --queue-url and --dead-letter-queue-url, or --local for npm run dev.',
    );
  }
  const region = process.env['AWS_REGION'] ?? /\bsqs\.([\w-]+)\.amazonaws\./.exec(queueUrl)?.[1];
  const client = createSqsClient(region === undefined ? {} : { region });
  const { stackSettings } = ofStack ?? {};
  return { client, queueUrl, deadLetterQueueUrl, ...(stackSettings === undefined ? {} : { stackSettings }) };
}

async function findStack(stack: string): Promise<Omit<Connection, 'client'>> {
  // Loaded on demand, since loading it takes half a second.
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({});
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  const outputs = new Map(Stacks[0]?.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const queueUrl = outputs.get('QueueUrl') ?? urlOf(outputs.get('QueueArn'));
  const deadLetterQueueUrl = outputs.get('DeadLetterQueueUrl');
  if (queueUrl === undefined || deadLetterQueueUrl === undefined) {
    throw new CallerError(
      `The stack ${stack} has no outputs QueueUrl and DeadLetterQueueUrl. Was it created from this project's template?`,
    );
  }
  const parameters = new Map(Stacks[0]?.Parameters?.map((one) => [one.ParameterKey, one.ParameterValue]));
  const json = settingsIn(parameters);
  return {
    queueUrl,
    deadLetterQueueUrl,
    ...(json === undefined ? {} : { stackSettings: { name: `the stack ${stack}`, json } }),
  };
}

/** The settings that the template makes of a stack's parameters. */
function settingsIn(parameters: ReadonlyMap<string | undefined, string | undefined>): string | undefined {
  const whole = parameters.get('DestinationConfig') ?? '';
  if (whole.trim() !== '') return whole;
  const appId = parameters.get('HeapAppId');
  const dataResidency = parameters.get('HeapDataResidency') ?? 'us';
  return appId === undefined ? undefined : JSON.stringify({ appId, dataResidency });
}

/** A stack that uses an existing queue outputs only its ARN. */
function urlOf(arn: string | undefined): string | undefined {
  const [, , , region, account, name] = arn?.split(':') ?? [];
  return name === undefined ? undefined : `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}
