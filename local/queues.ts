import { CreateQueueCommand, GetQueueAttributesCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import { createSqsClient } from '../lib/sqs/client.ts';
import { deleteMessages } from '../lib/sqs/delete-messages.ts';
import { receive } from '../lib/sqs/receive.ts';
import { isObject, valueAt, type JsonObject } from '../lib/json.ts';

/** The region and credentials for everything local. The embedded server accepts any. */
export const LOCAL_AWS = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
} as const;

/** A client for the embedded server. */
export function createLocalClient(endpoint: string): SQSClient {
  return createSqsClient({
    endpoint,
    region: LOCAL_AWS.AWS_REGION,
    credentials: { accessKeyId: LOCAL_AWS.AWS_ACCESS_KEY_ID, secretAccessKey: LOCAL_AWS.AWS_SECRET_ACCESS_KEY },
  });
}

export interface LocalQueues {
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly deadLetterQueueUrl: string;
}

/** Creates the two queues that the template describes. Their names begin with `prefix`. */
export async function createLocalQueues(
  client: SQSClient,
  endpoint: string,
  template: JsonObject,
  prefix: string,
): Promise<LocalQueues> {
  const create = (name: string, attributes: Record<string, string>): Promise<string> =>
    createQueue(client, endpoint, `${prefix}-${name}`, attributes);
  const deadLetterQueueUrl = await create('dead-letters', scalarAttributes(template, 'DeadLetterQueue'));
  const maxReceiveCount = valueAt(template, ['Resources', 'Queue', 'Properties', 'RedrivePolicy', 'maxReceiveCount']);
  const queueUrl = await create('events', {
    ...scalarAttributes(template, 'Queue'),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await arnOf(client, deadLetterQueueUrl), maxReceiveCount }),
  });
  return { queueUrl, queueArn: await arnOf(client, queueUrl), deadLetterQueueUrl };
}

/** CloudFormation's properties of a queue have the same names as the attributes in SQS's API. */
function scalarAttributes(template: JsonObject, logicalId: string): Record<string, string> {
  const properties = valueAt(template, ['Resources', logicalId, 'Properties']);
  if (!isObject(properties)) throw new Error(`the template does not have a queue ${logicalId}`);
  const scalars = Object.entries(properties).filter(
    ([, value]) => typeof value === 'number' || typeof value === 'boolean',
  );
  return Object.fromEntries(scalars.map(([name, value]) => [name, String(value)]));
}

async function createQueue(
  client: SQSClient,
  endpoint: string,
  name: string,
  attributes: Record<string, string>,
): Promise<string> {
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  if (QueueUrl === undefined) throw new Error(`the queue ${name} was not created`);
  // The embedded server returns URLs with a host name that cannot be resolved.
  return QueueUrl.replace(/^https?:\/\/[^/]+/, endpoint);
}

async function arnOf(client: SQSClient, queueUrl: string): Promise<string> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
  );
  const arn = Attributes?.['QueueArn'];
  if (arn === undefined) throw new Error(`${queueUrl} has no ARN`);
  return arn;
}

/** Receives and deletes every message of a queue. Nothing else may read it at the same time. */
export async function drain(client: SQSClient, queueUrl: string): Promise<readonly Message[]> {
  const drained: Message[] = [];
  for (;;) {
    const messages = await receive(client, queueUrl);
    if (messages.length === 0) return drained;
    drained.push(...messages);
    await deleteMessages(
      client,
      queueUrl,
      messages.map(({ ReceiptHandle = '' }) => ReceiptHandle),
    );
  }
}
