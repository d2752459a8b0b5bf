import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtFunctions, parameterDefault, readTemplate } from '../infra/template.ts';
import { isObject, valueAt } from '../lib/json.ts';
import { readRuntime, readSettingsFromEnvironment } from '../lib/config.ts';

const ROOT = join(__dirname, '..');
const template = readTemplate(join(ROOT, 'template.yaml'));

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
    const readByLibraries = ['AWS_ENDPOINT_URL_SQS', 'POWERTOOLS_SERVICE_NAME', 'POWERTOOLS_LOG_LEVEL'];
    expect(given.toSorted()).toEqual([...read, ...readByLibraries].toSorted());
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
        Queue: { 'Fn::GetAtt': ['Queue', 'Arn'] },
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

  test('both are encrypted and refuse plain HTTP', () => {
    const arns = ['Queue', 'DeadLetterQueue'].map((queue) => ({ 'Fn::GetAtt': [queue, 'Arn'] }));
    for (const queue of ['Queue', 'DeadLetterQueue']) expect(property(queue, 'SqsManagedSseEnabled')).toBe(true);
    expect(property('QueuePolicies', 'Queues')).toEqual([{ Ref: 'Queue' }, { Ref: 'DeadLetterQueue' }]);
    expect(property('QueuePolicies', 'PolicyDocument', 'Statement')).toEqual([
      {
        Sid: 'RefusePlainHttp',
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource: arns,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
  });
});

test('the role may do what the function needs on these two queues, and nothing else', () => {
  const policies = property('ForwardRole', 'Policies');
  const [policy] = Array.isArray(policies) ? policies : [];
  const statements: unknown = valueAt(policy, ['PolicyDocument', 'Statement']);
  if (!Array.isArray(statements)) throw new Error('no statements');
  const allowed = statements.map((statement: unknown) => [
    valueAt(statement, ['Action']),
    valueAt(statement, ['Resource']),
  ]);
  expect(allowed).toEqual([
    [
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      { 'Fn::GetAtt': ['Queue', 'Arn'] },
    ],
    ['sqs:SendMessage', { 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] }],
    [['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': ['ForwardLogGroup', 'Arn'] }],
    [['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*'],
  ]);
  expect(property('ForwardRole', 'ManagedPolicyArns')).toBeUndefined();
});

test('no two parts have the same name, which CloudFormation refuses', () => {
  const names = ['Parameters', 'Resources'].flatMap((part) => Object.keys(Object(template[part])));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
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

describe('alarms and dashboard', () => {
  const observability = readTemplate(join(ROOT, 'infra', 'observability.yaml'));
  const resources = observability['Resources'];
  const alarms = Object.entries(isObject(resources) ? resources : {}).filter(
    ([, resource]) => valueAt(resource, ['Type']) === 'AWS::CloudWatch::Alarm',
  );
  const runbook = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8');
  const anchors = [...runbook.matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  );

  test('get every parameter that has no default, and no other', () => {
    const nested = observability['Parameters'];
    const given = property('ObservabilityStack', 'Parameters');
    if (!isObject(nested) || !isObject(given)) throw new Error('no parameters');
    const needed = Object.keys(nested).filter((name) => valueAt(nested, [name, 'Default']) === undefined);
    expect(Object.keys(given)).toEqual(expect.arrayContaining(needed));
    expect(Object.keys(nested)).toEqual(expect.arrayContaining(Object.keys(given)));
    expect(property('ObservabilityStack', 'Location')).toBe('infra/observability.yaml');
  });

  test.each(alarms)('%s says what to do, where the runbook has it, and tells somebody', (_, alarm) => {
    const description = valueAt(alarm, ['Properties', 'AlarmDescription', 'Fn::Sub']);
    const anchor = /\$\{RunbookUrl\}#([\w-]+)$/.exec(String(description))?.[1];
    expect(anchors).toContain(anchor);
    expect(valueAt(alarm, ['Properties', 'AlarmActions'])).toEqual([{ Ref: 'AlarmTopic' }]);
    expect(valueAt(alarm, ['Properties', 'TreatMissingData'])).toBe('notBreaching');
  });

  test('watch metrics that the function emits', () => {
    const emitted = readFileSync(join(ROOT, 'lib', 'telemetry.ts'), 'utf8');
    const source = readFileSync(join(ROOT, 'infra', 'observability.yaml'), 'utf8');
    const own = [
      ...source.matchAll(
        /RudderStackToHeap\n\s+MetricName: (\w+)|MetricName=\\"(\w+)\\"|"RudderStackToHeap", "(\w+)"/g,
      ),
    ];
    const names = own.map(([, ...groups]) => groups.find((name) => name !== undefined) ?? '');
    expect(names.length).toBeGreaterThanOrEqual(8);
    for (const name of names) expect(emitted).toContain(`'${name}'`);
  });

  test('the dashboard is JSON, and shows every alarm', () => {
    const body = String(valueAt(resources, ['Dashboard', 'Properties', 'DashboardBody', 'Fn::Sub']));
    const dashboard: unknown = JSON.parse(body);
    const widgets = valueAt(dashboard, ['widgets']);
    expect(Array.isArray(widgets) && widgets.length).toBe(9);
    for (const [name] of alarms) expect(body).toContain(`\${${name}.Arn}`);
  });

  test('every reference leads somewhere', () => {
    const known = new Set(
      ['Parameters', 'Resources', 'Conditions'].flatMap((part) => Object.keys(Object(observability[part]))),
    );
    const dangling = referencesIn(observability).filter((name) => !known.has(name) && !name.startsWith('AWS::'));
    expect(dangling).toEqual([]);
  });

  test('the runbook has every reason for a dead letter', () => {
    const union =
      /export type RejectReason =([^;]+);/.exec(readFileSync(join(ROOT, 'lib', 'outcome.ts'), 'utf8'))?.[1] ?? '';
    const reasons = [...union.matchAll(/'(\w+)'/g)].map(([, reason = '']) => reason);
    expect(reasons.length).toBeGreaterThan(10);
    for (const reason of reasons) expect(runbook).toContain(`\`${reason}\``);
  });
});

test('esbuild is a plain dependency: sam build leaves the others out', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(valueAt(manifest, ['dependencies', 'esbuild'])).toEqual(expect.any(String));
});

/** The names behind Ref, Fn::GetAtt, Fn::Sub and the conditions of Fn::If. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]): string[] => {
    if (key === 'Ref' && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt' && Array.isArray(inner)) return [String(inner[0])];
    if (key === 'Fn::Sub' && typeof inner === 'string')
      return [...inner.matchAll(/\$\{([\w:]+)/g)].map(([, name = '']) => name);
    if (key === 'Fn::If' && Array.isArray(inner)) return [String(inner[0]), ...referencesIn(inner.slice(1))];
    return referencesIn(inner);
  });
}
