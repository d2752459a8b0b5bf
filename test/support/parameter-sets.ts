import type { ParameterValues } from '../../infra/resolve-template.ts';

export const STANDARD_QUEUE = 'arn:aws:sqs:eu-central-1:123456789012:events';
export const FIFO_QUEUE = `${STANDARD_QUEUE}.fifo`;

/** One parameter set for each condition of the template, which is false with the defaults. */
export const ENABLED: Readonly<Record<string, ParameterValues>> = {
  HasDestinationConfig: { DestinationConfig: '{"appId":"1"}' },
  ExistingQueueIsFifo: { ExistingQueueArn: FIFO_QUEUE },
  IsFifo: { FifoQueue: 'true' },
  IsDebug: { LogLevel: 'DEBUG' },
  HasIngest: { Ingest: 'true' },
  HasLambdaDestination: { LambdaDestination: 'true' },
  HasRudderStackRole: { LambdaDestination: 'true', RudderStackExternalId: '2abcdefghijklmnopqrstuvwxyz' },
  HasEventBus: { EventBusName: 'events' },
  IsDefaultEventBus: { EventBusName: 'default' },
  HasSnsTopic: { SnsTopicArn: 'arn:aws:sns:eu-central-1:123456789012:events' },
  HasKmsKey: { KmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/0' },
  HasLogsKmsKey: { LogsKmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1' },
  HasPermissionsBoundary: { PermissionsBoundaryArn: 'arn:aws:iam::123456789012:policy/boundary' },
  IsInVpc: { SubnetIds: 'subnet-0123abcd,subnet-0123abce', SecurityGroupIds: 'sg-0123abcd' },
};
export const DISABLED: Readonly<Record<string, ParameterValues>> = {
  HasObservability: { Observability: 'false' },
  OwnsQueue: { ExistingQueueArn: STANDARD_QUEUE },
};
export const FIFO = ['ExistingQueueIsFifo', 'IsFifo'];
export const everythingBut = (names: readonly string[]): ParameterValues =>
  Object.fromEntries(
    Object.entries(ENABLED)
      .filter(([name]) => !names.includes(name))
      .flatMap(([, values]) => Object.entries(values)),
  );
/** What needs a standard queue. */
const STANDARD = ['HasEventBus', 'IsDefaultEventBus', 'HasSnsTopic', 'HasLambdaDestination', 'HasRudderStackRole'];

/** Parameter sets with which a deployment has to succeed. */
export const ACCEPTED: Readonly<Record<string, ParameterValues>> = {
  'the defaults': {},
  ...ENABLED,
  ...DISABLED,
  everything: everythingBut(FIFO),
  'everything without alarms': { ...everythingBut(FIFO), Observability: 'false' },
  'everything with an existing queue': { ...everythingBut(FIFO), ExistingQueueArn: STANDARD_QUEUE },
  'everything that a FIFO queue allows': everythingBut([...STANDARD, 'ExistingQueueIsFifo']),
  'everything that an existing FIFO queue allows': everythingBut(STANDARD),
};
