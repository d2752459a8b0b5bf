import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtFunctions, parameterDefault, readTemplate } from '../infra/template.ts';
import { readQueueUrls } from '../lib/ingest/environment.ts';
import { valueAt } from '../lib/json.ts';
import { readLogSettings } from '../lib/telemetry/log-settings.ts';
import { LONGEST_TIMEOUT_MS } from '../local/lambda/lambda.ts';
import { referencesIn } from './support/references.ts';

const ROOT = join(__dirname, '..');
const template = readTemplate(join(ROOT, 'infra', 'lambda-destination.yaml'));
const main = readTemplate(join(ROOT, 'template.yaml'));
const stack = valueAt(main, ['Resources', 'LambdaDestinationStack']);

function property(logicalId: string, ...path: string[]): unknown {
  return valueAt(template, ['Resources', logicalId, 'Properties', ...path]);
}

/** The statements of a role, each with the condition under which it is there. */
function statementsOf(
  role: string,
): readonly (readonly [string, { Effect: unknown; Action: unknown; Resource: unknown }])[] {
  const [policy] = Object(property(role, 'Policies'));
  const statements: unknown[] = Object(valueAt(policy, ['PolicyDocument', 'Statement']));
  return statements.map((statement) => {
    const [when, inner] = Object(statement)['Fn::If'] ?? ['always', statement];
    return [String(when), inner];
  });
}

describe('the Lambda destination of the stack', () => {
  test('is disabled by default', () => {
    expect(valueAt(stack, ['Condition'])).toBe('HasLambdaDestination');
    expect(parameterDefault(main, 'LambdaDestination')).toBe('false');
  });

  test('gets every parameter that has no default, and no other', () => {
    const known = Object.entries(Object(template['Parameters']));
    const needed = known.filter(([, given]) => valueAt(given, ['Default']) === undefined).map(([name]) => name);
    const given = Object.keys(Object(valueAt(stack, ['Properties', 'Parameters'])));
    expect(given).toEqual(expect.arrayContaining(needed));
    expect(known.map(([name]) => name)).toEqual(expect.arrayContaining(given));
    expect(valueAt(stack, ['Properties', 'Location'])).toBe('infra/lambda-destination.yaml');
  });

  test('is refused with FIFO queues, to which Lambda cannot report a failure', () => {
    expect(valueAt(main, ['Rules', 'LambdaDestinationHasStandardQueue'])).toEqual({
      // The name of an existing queue says whether it is FIFO: `check:settings` looks at it.
      RuleCondition: {
        'Fn::And': [
          { 'Fn::Equals': [{ Ref: 'LambdaDestination' }, 'true'] },
          { 'Fn::Equals': [{ Ref: 'ExistingQueueArn' }, ''] },
        ],
      },
      Assertions: [
        {
          Assert: { 'Fn::Equals': [{ Ref: 'FifoQueue' }, 'false'] },
          AssertDescription: expect.stringContaining('standard queue'),
        },
      ],
    });
  });

  test('is one built function, with the runtime and the build options of the HTTP endpoint', () => {
    const [built, ...others] = builtFunctions(template);
    const [ingest] = builtFunctions(readTemplate(join(ROOT, 'infra', 'ingest.yaml')));
    expect([built?.entryPoint, others]).toEqual(['handlers/lambda-destination.ts', []]);
    expect({ ...built?.buildProperties, EntryPoints: [] }).toEqual({ ...ingest?.buildProperties, EntryPoints: [] });
    expect(property('LambdaDestinationFunction', 'Handler')).toBe('lambda-destination.handler');
    expect(property('LambdaDestinationFunction', 'CodeUri')).toBe('..');
    expect(property('LambdaDestinationFunction', 'Runtime')).toBe('nodejs24.x');
    expect(property('LambdaDestinationFunction', 'Architectures')).toEqual(['arm64']);
    const bundle = readFileSync(join(ROOT, 'dist', 'lambda-destination', 'lambda-destination.cjs'), 'utf8');
    expect(bundle).toMatch(/module\.exports=\{handler\}/);
  });

  test('tries for as long as Lambda allows, and Lambda invokes it as often and for as long as it can', () => {
    expect(Number(property('LambdaDestinationFunction', 'Timeout')) * 1000).toBe(LONGEST_TIMEOUT_MS);
    expect(property('LambdaDestinationFunction', 'EventInvokeConfig')).toEqual({
      MaximumEventAgeInSeconds: 6 * 60 * 60,
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Type: 'SQS', Destination: { Ref: 'DeadLetterQueueArn' } } },
    });
    const given = valueAt(stack, ['Properties', 'Parameters', 'DeadLetterQueueArn']);
    expect(given).toEqual({ 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] });
  });

  test('has a concurrency of its own, so that its waiting does not stop other functions', () => {
    expect(property('LambdaDestinationFunction', 'ReservedConcurrentExecutions')).toEqual({
      'Fn::If': ['HasReservedConcurrency', { Ref: 'Concurrency' }, { Ref: 'AWS::NoValue' }],
    });
    expect(valueAt(template, ['Conditions', 'HasReservedConcurrency'])).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Concurrency' }, '0'] }],
    });
    expect(parameterDefault(main, 'LambdaDestinationConcurrency')).toBe(20);
  });

  test('gets every variable that its code reads, and no other', () => {
    const read = new Set<string>();
    const spy = new Proxy<NodeJS.ProcessEnv>(
      { QUEUE_URL: 'https://q', DEAD_LETTER_QUEUE_URL: 'https://d' },
      {
        get(target, key) {
          read.add(String(key));
          return Reflect.get(target, key) as unknown;
        },
      },
    );
    readQueueUrls(spy);
    readLogSettings(spy);
    const variables = Object(property('LambdaDestinationFunction', 'Environment', 'Variables'));
    // The AWS SDK reads AWS_ENDPOINT_URL_SQS.
    expect(Object.keys(variables).toSorted()).toEqual([...read, 'AWS_ENDPOINT_URL_SQS'].toSorted());
  });

  test('has a role that may only send to the two queues', () => {
    const allowed = statementsOf('LambdaDestinationRole').map(([when, { Action, Resource }]) => [
      when,
      Action,
      Resource,
    ]);
    expect(allowed).toEqual([
      ['always', 'sqs:SendMessage', [{ Ref: 'QueueArn' }, { Ref: 'DeadLetterQueueArn' }]],
      ['always', ['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': ['LambdaDestinationLogGroup', 'Arn'] }],
      ['always', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*'],
      ['HasKmsKey', ['kms:Decrypt', 'kms:GenerateDataKey'], { Ref: 'KmsKeyArn' }],
      ['IsInVpc', expect.arrayContaining(['ec2:CreateNetworkInterface']), '*'],
      ['IsInVpc', expect.arrayContaining(['ec2:CreateNetworkInterface']), '*'],
      ['HasLogsKmsKey', 'kms:Decrypt', { Ref: 'LogsKmsKeyArn' }],
    ]);
    const effects = statementsOf('LambdaDestinationRole').map(([, { Effect }]) => Effect);
    expect(effects).toEqual(['Allow', 'Allow', 'Allow', 'Allow', 'Allow', 'Deny', 'Allow']);
  });

  test('RudderStack’s role needs its external id, may only invoke this function, and is there only with that id', () => {
    expect(valueAt(template, ['Resources', 'RudderStackRole', 'Condition'])).toBe('HasExternalId');
    expect(parameterDefault(main, 'RudderStackExternalId')).toBe('');
    // https://www.rudderstack.com/docs/destinations/aws-iam-role-for-rudderstack/
    expect(parameterDefault(main, 'RudderStackAccountId')).toBe('422074288268');
    expect(property('RudderStackRole', 'AssumeRolePolicyDocument', 'Statement')).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${RudderStackAccountId}:root' } },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': { Ref: 'RudderStackExternalId' } } },
      },
    ]);
    expect(statementsOf('RudderStackRole')).toEqual([
      [
        'always',
        {
          Sid: 'InvokeFunction',
          Effect: 'Allow',
          Action: 'lambda:InvokeFunction',
          Resource: { 'Fn::GetAtt': ['LambdaDestinationFunction', 'Arn'] },
        },
      ],
    ]);
    expect(property('RudderStackRole', 'ManagedPolicyArns')).toBeUndefined();
  });

  test.each(['LambdaDestinationRole', 'RudderStackRole'])('%s has the permissions boundary', (role) => {
    expect(property(role, 'PermissionsBoundary')).toEqual({
      'Fn::If': ['HasPermissionsBoundary', { Ref: 'PermissionsBoundaryArn' }, { Ref: 'AWS::NoValue' }],
    });
  });

  test('the outputs are what RudderStack’s form asks for', () => {
    expect(valueAt(main, ['Outputs', 'LambdaDestinationFunctionArn'])).toMatchObject({
      Condition: 'HasLambdaDestination',
      Value: { 'Fn::GetAtt': ['LambdaDestinationStack', 'Outputs', 'FunctionArn'] },
    });
    expect(valueAt(main, ['Outputs', 'LambdaDestinationRoleArn'])).toMatchObject({
      Condition: 'HasRudderStackRole',
      Value: { 'Fn::GetAtt': ['LambdaDestinationStack', 'Outputs', 'RoleArn'] },
    });
    expect(valueAt(main, ['Conditions', 'HasRudderStackRole', 'Fn::And'])).toEqual([
      valueAt(main, ['Conditions', 'HasLambdaDestination']),
      { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'RudderStackExternalId' }, ''] }] },
    ]);
    expect(valueAt(template, ['Outputs', 'RoleArn', 'Condition'])).toBe('HasExternalId');
  });

  test('every alarm is about this function, links to its section of the runbook, and notifies the alarm topic', () => {
    const alarms = Object.values(Object(template['Resources'])).filter(
      (resource) => valueAt(resource, ['Type']) === 'AWS::CloudWatch::Alarm',
    );
    expect(alarms.map((alarm) => valueAt(alarm, ['Properties', 'MetricName']))).toEqual([
      'Errors',
      'AsyncEventAge',
      'AsyncEventsDropped',
      'DestinationDeliveryFailures',
    ]);
    for (const alarm of alarms) {
      expect(valueAt(alarm, ['Properties'])).toMatchObject({
        Namespace: 'AWS/Lambda',
        Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'LambdaDestinationFunction' } }],
        TreatMissingData: 'notBreaching',
      });
      expect(valueAt(alarm, ['Properties', 'AlarmDescription', 'Fn::Sub'])).toMatch(
        /\$\{RunbookUrl\}#lambda-destination$/,
      );
      expect(valueAt(alarm, ['Properties', 'AlarmActions'])).toEqual([{ Ref: 'AlarmTopicArn' }]);
      // Without a topic nobody would see it.
      expect(valueAt(alarm, ['Condition'])).toBe('HasAlarmTopic');
    }
    expect(readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8')).toMatch(/^## Lambda destination$/m);
  });

  test('every reference is defined', () => {
    const known = new Set(
      ['Parameters', 'Resources', 'Conditions'].flatMap((part) => Object.keys(Object(template[part]))),
    );
    const dangling = referencesIn(template).filter((name) => !known.has(name) && !name.startsWith('AWS::'));
    expect(dangling).toEqual([]);
  });
});

test('docs/lambda-destination.md names every parameter and output of the Lambda destination', () => {
  const page = readFileSync(join(ROOT, 'docs', 'lambda-destination.md'), 'utf8');
  const names = ['Parameters', 'Outputs'].flatMap((part) =>
    Object.keys(Object(main[part])).filter((name) => /^LambdaDestination|^RudderStack/.test(name)),
  );
  expect(names).toHaveLength(6);
  for (const name of names) expect(page).toContain(name);
});
