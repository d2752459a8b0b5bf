import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { builtFunctions, parameterDefault, readTemplate } from '../infra/template.ts';
import { isObject, valueAt } from '../lib/json.ts';
import { referencesIn } from './support/references.ts';
import { readLogSettings } from '../lib/telemetry/log-settings.ts';
import { readRuntime } from '../lib/forwarding/environment.ts';
import { readSettingsFromEnvironment } from '../lib/rudderstack/settings-from-environment.ts';

const ROOT = join(__dirname, '..');
const template = readTemplate(join(ROOT, 'template.yaml'));

/** The stack's own queue, or the existing one. */
const queueArn = { 'Fn::If': ['OwnsQueue', { 'Fn::GetAtt': ['Queue', 'Arn'] }, { Ref: 'ExistingQueueArn' }] };

function property(logicalId: string, ...path: string[]): unknown {
  return valueAt(template, ['Resources', logicalId, 'Properties', ...path]);
}

function parameter(name: string, key: string): unknown {
  return valueAt(template, ['Parameters', name, key]);
}

describe('the function', () => {
  test('has a handler that exists after the build', () => {
    for (const { logicalId, name, entryPoint } of builtFunctions(template)) {
      const bundle = readFileSync(join(ROOT, 'dist', name, `${name}.mjs`), 'utf8');
      expect(existsSync(join(ROOT, entryPoint))).toBe(true);
      expect(property(logicalId, 'Handler')).toBe(`${name}.handler`);
      expect(bundle).toMatch(/export\s*\{[^}]*\bas handler\b/);
    }
    expect(builtFunctions(template).map(({ name }) => name)).toEqual(['forward']);
  });

  test('runs on Node.js 24 on arm64, with an explicit timeout', () => {
    expect(property('ForwardFunction', 'Runtime')).toBe('nodejs24.x');
    expect(property('ForwardFunction', 'Architectures')).toEqual(['arm64']);
    expect(property('ForwardFunction', 'Timeout')).toBe(60);
  });

  test('gets every variable that its code reads, and no other', () => {
    const variables = property('ForwardFunction', 'Environment', 'Variables');
    const given = Object.keys(isObject(variables) ? variables : {});
    const read = new Set<string>();
    const spy = new Proxy<NodeJS.ProcessEnv>(
      {
        DESTINATION_CONFIG: '{"appId":"1"}',
        QUEUE_URL: 'https://q',
        DEAD_LETTER_QUEUE_URL: 'https://d',
        HEAP_BASE_URL: 'https://h',
      },
      {
        get(target, key) {
          read.add(String(key));
          return Reflect.get(target, key) as unknown;
        },
      },
    );
    readSettingsFromEnvironment(spy);
    readRuntime(spy);
    // It is read only to be refused.
    read.delete('MAX_RECEIVE_COUNT');
    readLogSettings(spy);
    // The AWS SDK reads AWS_ENDPOINT_URL_SQS.
    expect(given.toSorted()).toEqual([...read, 'AWS_ENDPOINT_URL_SQS'].toSorted());
  });

  test('the variables for sam local are in the template', () => {
    const local: unknown = JSON.parse(readFileSync(join(ROOT, 'local', 'sam-env.json'), 'utf8'));
    const variables = property('ForwardFunction', 'Environment', 'Variables');
    const overridden = valueAt(local, ['ForwardFunction']);
    if (!isObject(overridden) || !isObject(variables)) throw new Error('the function does not have variables');
    for (const name of Object.keys(overridden)) expect(Object.keys(variables)).toContain(name);
  });
});

describe('the event source mapping', () => {
  const mapping = valueAt(template, ['Resources', 'ForwardFunction', 'Properties', 'Events', 'Queue']);

  test('reports failures for each record and limits the concurrency', () => {
    expect(mapping).toEqual({
      Type: 'SQS',
      Properties: {
        Queue: queueArn,
        BatchSize: { 'Fn::If': ['IsFifo', 10, { Ref: 'BatchSize' }] },
        MaximumBatchingWindowInSeconds: {
          'Fn::If': ['IsFifo', { Ref: 'AWS::NoValue' }, { Ref: 'BatchWindowSeconds' }],
        },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: { Ref: 'MaximumConcurrency' } },
      },
    });
  });

  test('keeps Lambda’s limits for all values of the parameters', () => {
    expect(parameter('BatchSize', 'MaxValue')).toBeLessThanOrEqual(10_000);
    expect(parameter('BatchWindowSeconds', 'MinValue')).toBeGreaterThanOrEqual(1);
    expect(parameter('BatchWindowSeconds', 'MaxValue')).toBeLessThanOrEqual(300);
    expect(parameter('MaximumConcurrency', 'MinValue')).toBeGreaterThanOrEqual(2);
    expect(parameter('MaximumConcurrency', 'MaxValue')).toBeLessThanOrEqual(1000);
  });
});

describe('the queues', () => {
  test('the visibility timeout is at least six times the function’s timeout, plus the batch window', () => {
    const least =
      6 * Number(property('ForwardFunction', 'Timeout')) + Number(parameter('BatchWindowSeconds', 'MaxValue'));
    expect(property('Queue', 'VisibilityTimeout')).toBeGreaterThanOrEqual(least);
  });

  test('SQS’s own redrive comes after the function’s own dead letters: test/forwarding/backoff.test.ts has the receives', () => {
    expect(property('Queue', 'RedrivePolicy', 'deadLetterTargetArn')).toEqual({
      'Fn::GetAtt': ['DeadLetterQueue', 'Arn'],
    });
    expect(property('Queue', 'RedrivePolicy', 'maxReceiveCount')).toBe(1000);
  });

  test('the retry time has the limits that the function has, and its variable', () => {
    expect(['Default', 'MinValue', 'MaxValue'].map((name) => parameter('RetryHours', name))).toEqual([48, 1, 144]);
    expect(property('ForwardFunction', 'Environment', 'Variables', 'RETRY_HOURS')).toEqual({ Ref: 'RetryHours' });
  });

  test('a deployment that sets MaxReceiveCount, which RetryHours has replaced, fails', () => {
    // An existing stack passes its old default on.
    expect(valueAt(template, ['Rules', 'RetryTimeIsInHours', 'Assertions'])).toEqual([
      {
        Assert: {
          'Fn::Or': ['', '50'].map((value) => ({ 'Fn::Equals': [{ Ref: 'MaxReceiveCount' }, value] })),
        },
        AssertDescription: expect.stringContaining('RetryHours'),
      },
    ]);
    expect(property('ForwardFunction', 'Environment', 'Variables', 'MAX_RECEIVE_COUNT')).toBeUndefined();
  });

  test('both queues are FIFO queues, or neither is', () => {
    const choice = { 'Fn::If': ['IsFifo', true, { Ref: 'AWS::NoValue' }] };
    expect([property('Queue', 'FifoQueue'), property('DeadLetterQueue', 'FifoQueue')]).toEqual([choice, choice]);
    expect(parameterDefault(template, 'FifoQueue')).toBe('false');
  });

  test('dead letters are kept longer than messages in the queue', () => {
    expect(property('DeadLetterQueue', 'MessageRetentionPeriod')).toBe(14 * 24 * 60 * 60);
    expect(Number(property('Queue', 'MessageRetentionPeriod'))).toBeLessThan(14 * 24 * 60 * 60);
  });

  test('messages are kept for the longest retry time and for five days before their first receive', () => {
    const seconds = (Number(parameter('RetryHours', 'MaxValue')) + 5 * 24) * 60 * 60;
    expect(property('Queue', 'MessageRetentionPeriod')).toBeGreaterThanOrEqual(seconds);
  });

  test.each(['Queue', 'DeadLetterQueue'])('%s is encrypted, with SQS’s key or the owner’s KMS key', (queue) => {
    const { 'Fn::If': sse } = Object(property(queue, 'SqsManagedSseEnabled'));
    const { 'Fn::If': kms } = Object(property(queue, 'KmsMasterKeyId'));
    expect(sse).toEqual(['HasKmsKey', { Ref: 'AWS::NoValue' }, true]);
    expect(kms).toEqual(['HasKmsKey', { Ref: 'KmsKeyArn' }, { Ref: 'AWS::NoValue' }]);
  });

  const refusePlainHttp = (queue: string) => ({
    Sid: 'RefusePlainHttp',
    Effect: 'Deny',
    Principal: '*',
    Action: 'sqs:*',
    Resource: { 'Fn::GetAtt': [queue, 'Arn'] },
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  });

  test.each([
    ['QueuePolicy', 'Queue'],
    ['DeadLetterQueuePolicy', 'DeadLetterQueue'],
  ])('%s refuses plain HTTP, and lets only the configured event bus and topic send', (policy, queue) => {
    const letIn = (condition: string, service: string, source: object) => ({
      'Fn::If': [
        condition,
        {
          Sid: expect.any(String),
          Effect: 'Allow',
          Principal: { Service: service },
          Action: 'sqs:SendMessage',
          Resource: { 'Fn::GetAtt': [queue, 'Arn'] },
          Condition: { ArnEquals: { 'aws:SourceArn': source } },
        },
        { Ref: 'AWS::NoValue' },
      ],
    });
    expect(property(policy, 'Queues')).toEqual([{ Ref: queue }]);
    expect(property(policy, 'PolicyDocument', 'Statement')).toEqual([
      refusePlainHttp(queue),
      letIn('HasEventBus', 'events.amazonaws.com', { 'Fn::GetAtt': ['EventBusRule', 'Arn'] }),
      letIn('HasSnsTopic', 'sns.amazonaws.com', { Ref: 'SnsTopicArn' }),
    ]);
  });

  test('EventBridge and SNS send to the queue, in their own envelopes', () => {
    expect(property('EventBusRule', 'EventPattern')).toEqual({ source: ['rudderstack'] });
    const deadLetterQueueArn = { 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] };
    expect(property('EventBusRule', 'Targets')).toEqual([
      { Id: 'queue', Arn: queueArn, DeadLetterConfig: { Arn: deadLetterQueueArn } },
    ]);
    expect(property('TopicSubscription', 'RedrivePolicy')).toEqual({ deadLetterTargetArn: deadLetterQueueArn });
    expect(property('TopicSubscription', 'Protocol')).toBe('sqs');
    expect(property('TopicSubscription', 'Endpoint')).toEqual(queueArn);
  });

  test.each(['Queue', 'DeadLetterQueue'])(
    '%s is retained when the stack is deleted, and its name does not block a new stack',
    (queue) => {
      const resource = valueAt(template, ['Resources', queue]);
      expect(valueAt(resource, ['DeletionPolicy'])).toBe('Retain');
      expect(valueAt(resource, ['UpdateReplacePolicy'])).toBe('Retain');
      const name = property(queue, 'QueueName');
      expect(name === undefined || JSON.stringify(name).includes('AWS::StackId')).toBe(true);
    },
  );

  test('only the stack’s queue may use the dead-letter queue', () => {
    const { 'Fn::Sub': named } = Object(property('Queue', 'QueueName'));
    const [allowed, ...others] = Object(property('DeadLetterQueue', 'RedriveAllowPolicy', 'sourceQueueArns'));
    expect(property('DeadLetterQueue', 'RedriveAllowPolicy', 'redrivePermission')).toBe('byQueue');
    expect(others).toEqual([]);
    const [condition, own, existing] = Object(allowed)['Fn::If'];
    const [arn, variables] = own['Fn::Sub'];
    expect([condition, existing]).toEqual(['OwnsQueue', { Ref: 'ExistingQueueArn' }]);
    expect(arn).toBe('arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:' + named[0]);
    expect(variables).toEqual(named[1]);
  });
});

describe('a deployment', () => {
  test('is a canary, also for settings, and an alarm rolls it back', () => {
    expect(property('ForwardFunction', 'AutoPublishAlias')).toBe('live');
    expect(property('ForwardFunction', 'AutoPublishAliasAllProperties')).toBe(true);
    expect(property('ForwardFunction', 'DeploymentPreference')).toEqual({
      Type: 'Canary10Percent5Minutes',
      Alarms: [{ Ref: 'RollbackAlarm' }],
      Hooks: { PreTraffic: { 'Fn::GetAtt': ['RolloutStack', 'Outputs', 'CheckFunctionName'] } },
      Role: { 'Fn::GetAtt': ['RolloutStack', 'Outputs', 'DeploymentRoleArn'] },
    });
    expect(property('RollbackAlarm', 'Dimensions')).toContainEqual({
      Name: 'Resource',
      Value: { 'Fn::Sub': '${ForwardFunction}:live' },
    });
  });

  test('keeps the log group, which belongs to the stack and has a retention time', () => {
    expect(property('ForwardFunction', 'LoggingConfig', 'LogGroup')).toEqual({ Ref: 'ForwardLogGroup' });
    expect(property('ForwardLogGroup', 'RetentionInDays')).toEqual({ Ref: 'LogRetentionDays' });
  });
});

describe('Lambda’s own limits', () => {
  test('the environment leaves 3000 of its 4096 bytes for the settings', () => {
    const variables = property('ForwardFunction', 'Environment', 'Variables');
    const names = Object.keys(isObject(variables) ? variables : {});
    // Everything except for the settings: two queue URLs, two overrides, a stack name and three numbers.
    const others = names.reduce((sum, name) => sum + name.length, 0) + 2 * 200 + 2 * 100 + 128 + 3 * 4;
    expect(4096 - others).toBeGreaterThanOrEqual(3000);
  });

  test('the bundle is smaller than 1 MB, of the 250 MB that are allowed', () => {
    const files = readdirSync(join(ROOT, 'dist', 'forward'), {
      recursive: true,
      encoding: 'utf8',
      withFileTypes: true,
    });
    const bytes = files.filter((file) => file.isFile()).map((file) => statSync(join(file.parentPath, file.name)).size);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1024 * 1024);
  });
});

test('the role grants only what the function needs on the two queues', () => {
  const [policy] = Object(property('ForwardRole', 'Policies'));
  const statements: unknown[] = Object(valueAt(policy, ['PolicyDocument', 'Statement']));
  const withConditions = statements.map((statement) => Object(statement)['Fn::If'] ?? ['always', statement]);
  expect(withConditions.map(([when, { Action: action, Resource: resource }]) => [when, action, resource])).toEqual([
    [
      'always',
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      queueArn,
    ],
    ['always', 'sqs:SendMessage', { 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] }],
    ['always', ['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': ['ForwardLogGroup', 'Arn'] }],
    // X-Ray does not support resource-level permissions.
    ['always', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*'],
    ['HasKmsKey', ['kms:Decrypt', 'kms:GenerateDataKey'], { Ref: 'KmsKeyArn' }],
    ['IsInVpc', expect.arrayContaining(['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface']), '*'],
    ['IsInVpc', expect.arrayContaining(['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface']), '*'],
    ['HasLogsKmsKey', 'kms:Decrypt', { Ref: 'LogsKmsKeyArn' }],
  ]);
  expect(property('ForwardRole', 'ManagedPolicyArns')).toBeUndefined();
});

test('every role has the permissions boundary, and wildcards are used only where no resource can be named', () => {
  const resources = Object.entries(Object(template['Resources']));
  const roles = resources
    .filter(([, resource]) => valueAt(resource, ['Type']) === 'AWS::IAM::Role')
    .map(([name]) => name);
  expect(roles).toEqual(['ForwardRole']);
  for (const role of roles) {
    expect(property(role, 'PermissionsBoundary')).toEqual({
      'Fn::If': ['HasPermissionsBoundary', { Ref: 'PermissionsBoundaryArn' }, { Ref: 'AWS::NoValue' }],
    });
  }
  const wildcards =
    JSON.stringify(template).match(/"Sid":"(\w+)","Effect":"Allow","Action":[^}]+?"Resource":"\*"/g) ?? [];
  expect(wildcards.map((statement) => /"Sid":"(\w+)"/.exec(statement)?.[1])).toEqual(['WriteTraces', 'LiveInVpc']);
});

test('parameters and resources have different names, as CloudFormation requires', () => {
  const names = ['Parameters', 'Resources'].flatMap((part) => Object.keys(Object(template[part])));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('every parameter is in a group', () => {
  const groups: unknown[] = Object(
    valueAt(template, ['Metadata', 'AWS::CloudFormation::Interface', 'ParameterGroups']),
  );
  const grouped = groups.flatMap((group): unknown[] => Object(valueAt(group, ['Parameters'])));
  expect(grouped.toSorted()).toEqual(Object.keys(Object(template['Parameters'])).toSorted());
});

test('every parameter has a description, and every reference is defined', () => {
  const { Parameters: parameters, Resources: resources, Conditions: conditions } = template;
  if (!isObject(parameters) || !isObject(resources) || !isObject(conditions)) throw new Error('incomplete');
  for (const [name, given] of Object.entries(parameters)) {
    expect([name, valueAt(given, ['Description'])]).toEqual([name, expect.stringMatching(/.{20,}/)]);
  }
  const known = new Set([...Object.keys(parameters), ...Object.keys(resources), ...Object.keys(conditions)]);
  const dangling = referencesIn(template).filter((name) => !known.has(name) && !name.startsWith('AWS::'));
  expect(dangling).toEqual([]);
});

test('esbuild is not a dev dependency, because sam build does not install those', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(valueAt(manifest, ['dependencies', 'esbuild'])).toEqual(expect.any(String));
});
