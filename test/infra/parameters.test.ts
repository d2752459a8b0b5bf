import { basename, join } from 'node:path';
import { resolveTemplate, type ParameterValues } from '../../infra/resolve-template.ts';
import { readTemplate, templateFiles } from '../../infra/template.ts';
import { isObject, valueAt, type JsonObject } from '../../lib/json.ts';
import {
  ACCEPTED,
  DISABLED,
  ENABLED,
  everythingBut,
  FIFO,
  FIFO_QUEUE,
  STANDARD_QUEUE,
} from '../support/parameter-sets.ts';

const ROOT = join(__dirname, '..', '..');
const template = readTemplate(join(ROOT, 'template.yaml'));
const nestedTemplates = new Map(templateFiles(ROOT).map((file) => [file, readTemplate(join(ROOT, file))] as const));

function resolved(parameters: ParameterValues): ReturnType<typeof resolveTemplate> {
  const rule = parameters['EventBusName'] === 'default' ? 'rule/r' : 'rule/events/r';
  const attributes = { 'EventBusRule.Arn': `arn:aws:events:eu-central-1:123456789012:${rule}` };
  return resolveTemplate(template, { HeapAppId: '1', ...parameters }, attributes);
}

function property(resources: JsonObject, ...path: string[]): unknown {
  const [resource = '', ...rest] = path;
  return valueAt(resources, [resource, 'Properties', ...rest]);
}

/** The nested stacks, and those in them, with the parameters that they get. */
function nestedStacks(resources: JsonObject): readonly (readonly [string, ReturnType<typeof resolveTemplate>])[] {
  return Object.values(resources).flatMap((resource) => {
    const location = valueAt(resource, ['Properties', 'Location']);
    const file = `infra/${basename(String(location))}`;
    const nested = location === undefined ? undefined : nestedTemplates.get(file);
    if (nested === undefined) return [];
    const parameters = Object(valueAt(resource, ['Properties', 'Parameters']));
    const given = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
    const stack = resolveTemplate(nested, given);
    return [[file, stack] as const, ...nestedStacks(stack.resources)];
  });
}

test('every condition of the template is tried with both values', () => {
  const names = Object.keys(resolved({}).conditions);
  expect([...Object.keys(ENABLED), ...Object.keys(DISABLED)].toSorted()).toEqual(names.toSorted());
  for (const name of names) {
    const sets = Object.values(ACCEPTED).map((parameters) => resolved(parameters).conditions[name]);
    expect([name, new Set(sets)]).toEqual([name, new Set([true, false])]);
  }
});

test.each(Object.entries(ACCEPTED))(
  'with %s, no rule refuses, and nothing refers to what is not created',
  (_, parameters) => {
    const { refusals, resources } = resolved(parameters);
    expect(refusals).toEqual([]);
    for (const [location, nested] of nestedStacks(resources))
      expect([location, nested.refusals]).toEqual([location, []]);
  },
);

test.each(Object.entries(ACCEPTED))('with %s, queue, dead-letter queue and batches fit together', (_, parameters) => {
  const { conditions, resources } = resolved(parameters);
  const isFifo = conditions['IsFifo'] === true;
  expect(property(resources, 'DeadLetterQueue', 'FifoQueue')).toBe(isFifo ? true : undefined);
  const batch = property(resources, 'ForwardFunction', 'Events', 'Queue', 'Properties');
  expect(valueAt(batch, ['BatchSize'])).toBe(isFifo ? 10 : '1000');
  expect(valueAt(batch, ['MaximumBatchingWindowInSeconds'])).toBe(isFifo ? undefined : '5');
  const [source] = Object(property(resources, 'DeadLetterQueue', 'RedriveAllowPolicy', 'sourceQueueArns'));
  expect(String(source).endsWith('.fifo')).toBe(isFifo);
  if (conditions['OwnsQueue'] === false) return;
  expect(property(resources, 'Queue', 'FifoQueue')).toBe(isFifo ? true : undefined);
  expect(String(property(resources, 'Queue', 'QueueName')).endsWith('.fifo')).toBe(isFifo);
});

test.each([
  ['a FIFO queue by its ARN', { ExistingQueueArn: FIFO_QUEUE }, true],
  ['a FIFO queue by its ARN, with the parameter', { ExistingQueueArn: FIFO_QUEUE, FifoQueue: 'true' }, true],
  ['a standard queue by its ARN', { ExistingQueueArn: STANDARD_QUEUE }, false],
  [
    'a standard queue by its ARN, against the parameter',
    { ExistingQueueArn: STANDARD_QUEUE, FifoQueue: 'true' },
    false,
  ],
  ['a queue of its own', {}, false],
  ['a FIFO queue of its own', { FifoQueue: 'true' }, true],
])('%s decides whether the dead-letter queue is FIFO', (_, parameters: ParameterValues, isFifo) => {
  expect(resolved(parameters).conditions['IsFifo']).toBe(isFifo);
});

test.each<[string, ParameterValues, string]>([
  ['subnets without security groups', { SubnetIds: 'subnet-1' }, 'SecurityGroupIds'],
  ['security groups without subnets', { SecurityGroupIds: 'sg-1' }, 'SubnetIds'],
  ['neither an app id nor settings', { HeapAppId: '' }, 'HeapAppId'],
  ['the retry count of earlier versions', { MaxReceiveCount: '60' }, 'RetryHours'],
  ['a FIFO queue behind EventBridge', { FifoQueue: 'true', EventBusName: 'b' }, 'EventBridge'],
  ['a FIFO queue behind the Lambda destination', { FifoQueue: 'true', LambdaDestination: 'true' }, 'standard queue'],
  ['an external id with a space', { RudderStackExternalId: 'my workspace' }, 'RudderStackExternalId'],
  ['an app id with a quote', { HeapAppId: '{{ message.x || "d" }}' }, 'HeapAppId'],
  ['settings that are cut off', { DestinationConfig: '{' }, 'DestinationConfig'],
])('%s: refused before anything is created, in a sentence', (_, parameters, words) => {
  const { refusals } = resolved(parameters);
  expect(refusals).toHaveLength(1);
  expect(refusals[0]).toContain(words);
  expect(refusals[0]).toMatch(/^[A-Z].*\.$/);
});

test.each([
  ['DEBUG', 'DEBUG'],
  ['INFO', 'INFO'],
  ['WARN', 'INFO'],
  ['ERROR', 'INFO'],
])('with LogLevel=%s, Lambda keeps lines from %s on, for every function', (LogLevel, kept) => {
  const functions = resourcesOf({ ...everythingBut(FIFO), LogLevel }, 'AWS::Serverless::Function');
  expect(functions.length).toBe(5);
  for (const [name, properties] of functions) {
    expect([name, valueAt(properties, ['LoggingConfig'])]).toMatchObject([
      name,
      // The check of a new version has no lines of that level.
      { LogFormat: 'JSON', ApplicationLogLevel: name === 'CheckFunction' ? 'INFO' : kept },
    ]);
  }
});

/** All resources of one type, of the stack and its nested stacks. */
function resourcesOf(parameters: ParameterValues, type: string): readonly (readonly [string, unknown])[] {
  const { resources } = resolved(parameters);
  return [resources, ...nestedStacks(resources).map(([, nested]) => nested.resources)]
    .flatMap((some) => Object.entries(some))
    .filter(([, resource]) => valueAt(resource, ['Type']) === type)
    .map(([name, resource]) => [name, valueAt(resource, ['Properties'])] as const);
}

test('a key of the owner encrypts every log, the alarms’ topic and every function’s variables, which each role can read', () => {
  const LogsKmsKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/1';
  const allFunctions = { Ingest: 'true', LambdaDestination: 'true' };
  const keyed = [
    ['AWS::Logs::LogGroup', 'KmsKeyId'],
    ['AWS::SNS::Topic', 'KmsMasterKeyId'],
    ['AWS::Serverless::Function', 'KmsKeyArn'],
  ] as const;
  for (const [type, key] of keyed) {
    const found = resourcesOf({ ...allFunctions, LogsKmsKeyArn }, type);
    expect(found.length).toBeGreaterThan(0);
    for (const [name, properties] of found) expect([name, valueAt(properties, [key])]).toEqual([name, LogsKmsKeyArn]);
    for (const [name, properties] of resourcesOf(allFunctions, type)) {
      expect([name, valueAt(properties, [key])]).toEqual([name, undefined]);
    }
  }
  const roles = resourcesOf({ ...allFunctions, LogsKmsKeyArn }, 'AWS::IAM::Role').map(([, role]) =>
    JSON.stringify(role),
  );
  const ofFunctions = roles.filter((role) => role.includes('lambda.amazonaws.com'));
  expect(ofFunctions).toHaveLength(5);
  for (const role of ofFunctions) expect(role).toContain(`"Action":"kms:Decrypt","Resource":"${LogsKmsKeyArn}"`);
});

test('in a VPC, the code cannot use the rights that Lambda needs for its network', () => {
  const given = { Ingest: 'true', LambdaDestination: 'true', SubnetIds: 'subnet-1', SecurityGroupIds: 'sg-1' };
  const roles = resourcesOf(given, 'AWS::IAM::Role')
    .map(([, role]) => JSON.stringify(valueAt(role, ['Policies'])))
    .filter((policies) => policies.includes('LiveInVpc'));
  expect(roles).toHaveLength(3);
  for (const policies of roles) {
    const actionsOf = (sid: string) =>
      new RegExp(`"Sid":"${sid}","Effect":"(\\w+)","Action":(\\[[^\\]]+\\])`).exec(policies);
    const [, allow, needed] = actionsOf('LiveInVpc') ?? [];
    const [, deny, refused] = actionsOf('CodeNeedsNoNetwork') ?? [];
    expect([allow, deny]).toEqual(['Allow', 'Deny']);
    expect(refused).toBe(needed);
    expect(policies).toContain('"lambda:SourceFunctionArn":"arn:aws:lambda:*:123456789012:function:*"');
  }
});

test('two stacks with one name in two regions have dashboards with two names', () => {
  const observability = nestedTemplates.get('infra/observability.yaml');
  if (!isObject(observability)) throw new Error('the template is missing');
  const given = Object.fromEntries(Object.keys(Object(observability['Parameters'])).map((name) => [name, 'x']));
  const names = ['eu-central-1', 'us-east-1'].map((region) =>
    property(
      resolveTemplate(observability, { ...given, 'AWS::Region': region }).resources,
      'Dashboard',
      'DashboardName',
    ),
  );
  expect(names).toEqual(['x-eu-central-1', 'x-us-east-1']);
});
