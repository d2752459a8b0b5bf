import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { builtFunctions, parameterDefault, readTemplate } from '../infra/template.ts';
import { isObject, valueAt } from '../lib/json.ts';
import { referencesIn } from './support/references.ts';
import { readLogSettings } from '../lib/telemetry/log-settings.ts';
import { readRuntime, readSettingsFromEnvironment } from '../lib/forwarding/environment.ts';

const ROOT = join(__dirname, '..');
const template = readTemplate(join(ROOT, 'template.yaml'));

/** The stack's own queue, or the one that is there already. */
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

  test('runs on Node.js 24 on arm64, and no time limit is left to the default', () => {
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
    readLogSettings(spy);
    // The last one is read by the AWS SDK.
    expect(given.toSorted()).toEqual([...read, 'AWS_ENDPOINT_URL_SQS'].toSorted());
  });

  test('the variables for sam local are the template’s', () => {
    const local: unknown = JSON.parse(readFileSync(join(ROOT, 'local', 'sam-env.json'), 'utf8'));
    const variables = property('ForwardFunction', 'Environment', 'Variables');
    const overridden = valueAt(local, ['ForwardFunction']);
    if (!isObject(overridden) || !isObject(variables)) throw new Error('no variables');
    for (const name of Object.keys(overridden)) expect(Object.keys(variables)).toContain(name);
  });
});

describe('the event source mapping', () => {
  const mapping = valueAt(template, ['Resources', 'ForwardFunction', 'Properties', 'Events', 'Queue']);

  test('reports failures record by record and bounds the concurrency', () => {
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

  test('keeps Lambda’s limits whatever the parameters', () => {
    expect(parameter('BatchSize', 'MaxValue')).toBeLessThanOrEqual(10_000);
    expect(parameter('BatchWindowSeconds', 'MinValue')).toBeGreaterThanOrEqual(1);
    expect(parameter('BatchWindowSeconds', 'MaxValue')).toBeLessThanOrEqual(300);
    expect(parameter('MaximumConcurrency', 'MinValue')).toBeGreaterThanOrEqual(2);
    expect(parameter('MaximumConcurrency', 'MaxValue')).toBeLessThanOrEqual(1000);
  });
});

describe('the queues', () => {
  test('a record stays invisible six times as long as the function may run, and the window', () => {
    const least =
      6 * Number(property('ForwardFunction', 'Timeout')) + Number(parameter('BatchWindowSeconds', 'MaxValue'));
    expect(property('Queue', 'VisibilityTimeout')).toBeGreaterThanOrEqual(least);
  });

  test('SQS’s own redrive comes after the function’s own dead letters', () => {
    expect(property('Queue', 'RedrivePolicy', 'deadLetterTargetArn')).toEqual({
      'Fn::GetAtt': ['DeadLetterQueue', 'Arn'],
    });
    const most = Number(parameter('MaxReceiveCount', 'MaxValue'));
    expect(property('Queue', 'RedrivePolicy', 'maxReceiveCount')).toBeGreaterThan(most);
    expect(parameterDefault(template, 'MaxReceiveCount')).toBe(50);
  });

  test('FIFO is a choice, and both are of the same kind', () => {
    const choice = { 'Fn::If': ['IsFifo', true, { Ref: 'AWS::NoValue' }] };
    expect([property('Queue', 'FifoQueue'), property('DeadLetterQueue', 'FifoQueue')]).toEqual([choice, choice]);
    expect(parameterDefault(template, 'FifoQueue')).toBe('false');
  });

  test('dead letters are kept longer than what waits', () => {
    expect(property('DeadLetterQueue', 'MessageRetentionPeriod')).toBe(14 * 24 * 60 * 60);
    expect(Number(property('Queue', 'MessageRetentionPeriod'))).toBeLessThan(14 * 24 * 60 * 60);
  });

  test.each(['Queue', 'DeadLetterQueue'])('%s is encrypted, by SQS or by a key of the owner', (queue) => {
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

  test('the dead-letter queue refuses plain HTTP, and nobody is let in', () => {
    expect(property('DeadLetterQueuePolicy', 'Queues')).toEqual([{ Ref: 'DeadLetterQueue' }]);
    expect(property('DeadLetterQueuePolicy', 'PolicyDocument', 'Statement')).toEqual([
      refusePlainHttp('DeadLetterQueue'),
    ]);
  });

  test('the queue refuses plain HTTP, and lets in the bus and the topic that were named, if any', () => {
    const letIn = (condition: string, service: string, source: object) => ({
      'Fn::If': [
        condition,
        {
          Sid: expect.any(String),
          Effect: 'Allow',
          Principal: { Service: service },
          Action: 'sqs:SendMessage',
          Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          Condition: { ArnEquals: { 'aws:SourceArn': source } },
        },
        { Ref: 'AWS::NoValue' },
      ],
    });
    expect(property('QueuePolicy', 'Queues')).toEqual([{ Ref: 'Queue' }]);
    expect(property('QueuePolicy', 'PolicyDocument', 'Statement')).toEqual([
      refusePlainHttp('Queue'),
      letIn('HasEventBus', 'events.amazonaws.com', { 'Fn::GetAtt': ['EventBusRule', 'Arn'] }),
      letIn('HasSnsTopic', 'sns.amazonaws.com', { Ref: 'SnsTopicArn' }),
    ]);
  });

  test('EventBridge and SNS send to the queue what they get, in their envelopes', () => {
    expect(property('EventBusRule', 'EventPattern')).toEqual({ source: ['rudderstack'] });
    expect(property('EventBusRule', 'Targets')).toEqual([{ Id: 'queue', Arn: queueArn }]);
    expect(property('TopicSubscription', 'Protocol')).toBe('sqs');
    expect(property('TopicSubscription', 'Endpoint')).toEqual(queueArn);
  });

  test.each(['Queue', 'DeadLetterQueue'])(
    '%s survives the stack, and the next stack does not meet its name',
    (queue) => {
      const resource = valueAt(template, ['Resources', queue]);
      expect(valueAt(resource, ['DeletionPolicy'])).toBe('Retain');
      expect(valueAt(resource, ['UpdateReplacePolicy'])).toBe('Retain');
      const name = property(queue, 'QueueName');
      expect(name === undefined || JSON.stringify(name).includes('AWS::StackId')).toBe(true);
    },
  );

  test('only this pipeline’s queue may use the dead-letter queue', () => {
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

describe('a change', () => {
  test('is rolled out by a canary that an alarm takes back, settings included', () => {
    expect(property('ForwardFunction', 'AutoPublishAlias')).toBe('live');
    expect(property('ForwardFunction', 'AutoPublishAliasAllProperties')).toBe(true);
    expect(property('ForwardFunction', 'DeploymentPreference')).toEqual({
      Type: 'Canary10Percent5Minutes',
      Alarms: [{ Ref: 'RollbackAlarm' }],
      Role: { 'Fn::GetAtt': ['DeploymentRole', 'Arn'] },
    });
    expect(property('RollbackAlarm', 'Dimensions')).toContainEqual({
      Name: 'Resource',
      Value: { 'Fn::Sub': '${ForwardFunction}:live' },
    });
  });

  test('keeps the log, which the stack owns and limits in time', () => {
    expect(property('ForwardFunction', 'LoggingConfig', 'LogGroup')).toEqual({ Ref: 'ForwardLogGroup' });
    expect(property('ForwardLogGroup', 'RetentionInDays')).toEqual({ Ref: 'LogRetentionDays' });
  });
});

describe('Lambda’s own limits', () => {
  test('the environment stays under 4 KB with the longest settings that are likely', () => {
    const variables = property('ForwardFunction', 'Environment', 'Variables');
    const names = Object.keys(isObject(variables) ? variables : {});
    // Everything but the settings: two queue URLs, two overrides, a stack name and three numbers.
    const others = names.reduce((sum, name) => sum + name.length, 0) + 2 * 200 + 2 * 100 + 128 + 3 * 4;
    expect(4096 - others).toBeGreaterThanOrEqual(3000);
  });

  test('the bundle is far below 250 MB', () => {
    const files = readdirSync(join(ROOT, 'dist', 'forward'), {
      recursive: true,
      encoding: 'utf8',
      withFileTypes: true,
    });
    const bytes = files.filter((file) => file.isFile()).map((file) => statSync(join(file.parentPath, file.name)).size);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1024 * 1024);
  });
});

test('the role may do what the function needs on these two queues, and nothing else', () => {
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
    // These two services know no resources to name.
    ['always', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*'],
    ['HasKmsKey', ['kms:Decrypt', 'kms:GenerateDataKey'], { Ref: 'KmsKeyArn' }],
    ['IsInVpc', expect.arrayContaining(['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface']), '*'],
  ]);
  expect(property('ForwardRole', 'ManagedPolicyArns')).toBeUndefined();
});

test('every role keeps the permissions boundary, and no resource is a wildcard where one could be named', () => {
  const resources = Object.entries(Object(template['Resources']));
  const roles = resources
    .filter(([, resource]) => valueAt(resource, ['Type']) === 'AWS::IAM::Role')
    .map(([name]) => name);
  expect(roles).toEqual(['ForwardRole', 'DeploymentRole']);
  for (const role of roles) {
    expect(property(role, 'PermissionsBoundary')).toEqual({
      'Fn::If': ['HasPermissionsBoundary', { Ref: 'PermissionsBoundaryArn' }, { Ref: 'AWS::NoValue' }],
    });
  }
  const wildcards =
    JSON.stringify(template).match(/"Sid":"(\w+)","Effect":"Allow","Action":[^}]+?"Resource":"\*"/g) ?? [];
  expect(wildcards.map((statement) => /"Sid":"(\w+)"/.exec(statement)?.[1])).toEqual([
    'WriteTraces',
    'LiveInVpc',
    'LookAtAlarms',
  ]);
});

test('no two parts have the same name, which CloudFormation refuses', () => {
  const names = ['Parameters', 'Resources'].flatMap((part) => Object.keys(Object(template[part])));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('every parameter has its place in a group', () => {
  const groups: unknown[] = Object(
    valueAt(template, ['Metadata', 'AWS::CloudFormation::Interface', 'ParameterGroups']),
  );
  const grouped = groups.flatMap((group): unknown[] => Object(valueAt(group, ['Parameters'])));
  expect(grouped.toSorted()).toEqual(Object.keys(Object(template['Parameters'])).toSorted());
});

test('every parameter is described, every reference leads somewhere', () => {
  const { Parameters: parameters, Resources: resources, Conditions: conditions } = template;
  if (!isObject(parameters) || !isObject(resources) || !isObject(conditions)) throw new Error('incomplete');
  for (const [name, given] of Object.entries(parameters)) {
    expect([name, valueAt(given, ['Description'])]).toEqual([name, expect.stringMatching(/.{20,}/)]);
  }
  const known = new Set([...Object.keys(parameters), ...Object.keys(resources), ...Object.keys(conditions)]);
  const dangling = referencesIn(template).filter((name) => !known.has(name) && !name.startsWith('AWS::'));
  expect(dangling).toEqual([]);
});

test('esbuild is a plain dependency: sam build leaves the others out', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(valueAt(manifest, ['dependencies', 'esbuild'])).toEqual(expect.any(String));
});
