import type { SQSClient } from '@aws-sdk/client-sqs';
import { createSqsClient } from '../lib/sqs/client.ts';
import { CallerError } from './caller-error.ts';

/** How the caller names the queues. */
export interface ConnectionOptions {
  readonly stack?: string;
  readonly queueUrl?: string;
  readonly deadLetterQueueUrl?: string;
  /** The pipeline of `npm run dev`. */
  readonly local?: boolean;
}

export interface Connection {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

const LOCAL_ENDPOINT = 'http://127.0.0.1:4566';
const LOCAL_QUEUES = `${LOCAL_ENDPOINT}/000000000000/local`;

/**
 * Finds the two queues: those that were named, those of a stack (its outputs), those of the variables `QUEUE_URL` and
 * `DEAD_LETTER_QUEUE_URL`, in this order. Credentials and region come from where AWS's own tools take them;
 * `AWS_ENDPOINT_URL_SQS` is obeyed.
 *
 * @throws CallerError when nothing names the queues
 */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  if (options.local === true) {
    const client = createSqsClient({
      endpoint: process.env['AWS_ENDPOINT_URL_SQS'] ?? LOCAL_ENDPOINT,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    return { client, queueUrl: `${LOCAL_QUEUES}-events`, deadLetterQueueUrl: `${LOCAL_QUEUES}-dead-letters` };
  }
  const ofStack = options.stack === undefined ? undefined : await queuesOfStack(options.stack);
  const queueUrl = options.queueUrl ?? ofStack?.queueUrl ?? process.env['QUEUE_URL'] ?? '';
  const deadLetterQueueUrl =
    options.deadLetterQueueUrl ?? ofStack?.deadLetterQueueUrl ?? process.env['DEAD_LETTER_QUEUE_URL'] ?? '';
  if (queueUrl === '' || deadLetterQueueUrl === '') {
    throw new CallerError(
      'Which queues? Give --stack NAME, or --queue-url and --dead-letter-queue-url, or --local for npm run dev.',
    );
  }
  const region = process.env['AWS_REGION'] ?? /\bsqs\.([\w-]+)\.amazonaws\./.exec(queueUrl)?.[1];
  const client = createSqsClient(region === undefined ? {} : { region });
  return { client, queueUrl, deadLetterQueueUrl };
}

async function queuesOfStack(stack: string): Promise<Pick<Connection, 'queueUrl' | 'deadLetterQueueUrl'>> {
  // Half a second to load, and only needed here.
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({});
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  const outputs = new Map(Stacks[0]?.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const queueUrl = outputs.get('QueueUrl') ?? urlOf(outputs.get('QueueArn'));
  const deadLetterQueueUrl = outputs.get('DeadLetterQueueUrl');
  if (queueUrl === undefined || deadLetterQueueUrl === undefined) {
    throw new CallerError(`The stack ${stack} has no outputs QueueUrl and DeadLetterQueueUrl: is it this project's?`);
  }
  return { queueUrl, deadLetterQueueUrl };
}

/** A stack on an existing queue names only its ARN. */
function urlOf(arn: string | undefined): string | undefined {
  const [, , , region, account, name] = arn?.split(':') ?? [];
  return name === undefined ? undefined : `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}
