import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { readTemplate } from '../infra/template.ts';
import { isObject, valueAt } from '../lib/json.ts';
import { createLambda, LONGEST_TIMEOUT_MS } from '../local/lambda/lambda.ts';
import { LOCAL_AWS } from '../local/queues.ts';
import { COMPILE_CACHE } from './support/lambda-harness.ts';
import { referencesIn } from './support/references.ts';

const ROOT = join(__dirname, '..');
const rollout = readTemplate(join(ROOT, 'infra', 'rollout.yaml'));
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9';

test('the forwarder is checked with a batch without events: a setting or a transformation could send any event', () => {
  const parameters = ['Resources', 'RolloutStack', 'Properties', 'Parameters'];
  const sample: unknown = JSON.parse(
    String(valueAt(readTemplate(join(ROOT, 'template.yaml')), [...parameters, 'Sample'])),
  );
  expect(sample).toEqual({ Records: [] });
});

describe.each([
  ['forward', 'template.yaml', 'ForwardFunction'],
  ['ingest', join('infra', 'ingest.yaml'), 'IngestFunction'],
])('the check of a new version of %s', (name, file, logicalId) => {
  const template = readTemplate(join(ROOT, file));
  const parameter = (key: string) => valueAt(template, ['Resources', 'RolloutStack', 'Properties', 'Parameters', key]);
  const environment = {
    ...LOCAL_AWS,
    ...COMPILE_CACHE,
    DESTINATION_CONFIG: '{"appId":"11"}',
    QUEUE_URL: `${NOWHERE}/1/q`,
    DEAD_LETTER_QUEUE_URL: `${NOWHERE}/1/d`,
    INGEST_KEYS_PARAMETER: '/keys',
    HEAP_BASE_URL: NOWHERE,
    AWS_ENDPOINT_URL_SQS: NOWHERE,
    AWS_ENDPOINT_URL_SSM: NOWHERE,
  };

  async function answerTo(sample: unknown, given: Readonly<Record<string, string>>) {
    const folder = join(ROOT, 'dist', name);
    const bundle = join(folder, readdirSync(folder).find((one) => one.startsWith(`${name}.`)) ?? name);
    const lambda = createLambda({ bundle, environment: given, timeoutMs: LONGEST_TIMEOUT_MS, onLog: () => undefined });
    try {
      return await lambda.invoke(Object(sample));
    } finally {
      await lambda.stop();
    }
  }

  test('gets the expected answer from the built function, which reaches neither Heap nor SQS for it', async () => {
    const answer = await answerTo(JSON.parse(String(parameter('Sample'))), environment);
    if (answer.kind !== 'response') throw new Error(answer.message);
    expect(JSON.stringify(answer.response)).toContain(String(parameter('Expected')));
  });

  test('fails with a wrong setting', async () => {
    const wrong = { ...environment, DESTINATION_CONFIG: '{"appId":""}' };
    const answer = await answerTo(JSON.parse(String(parameter('Sample'))), wrong);
    expect(answer).toEqual({ kind: 'error', message: expect.stringContaining('appId') });
    expect(JSON.stringify(answer)).not.toContain(String(parameter('Expected')));
  });

  test('comes before the canary, and knows the version', () => {
    const preference = valueAt(template, ['Resources', logicalId, 'Properties', 'DeploymentPreference']);
    expect(preference).toEqual({
      Type: 'Canary10Percent5Minutes',
      Alarms: [{ Ref: 'RollbackAlarm' }],
      Hooks: { PreTraffic: { 'Fn::GetAtt': ['RolloutStack', 'Outputs', 'CheckFunctionName'] } },
      Role: { 'Fn::GetAtt': ['RolloutStack', 'Outputs', 'DeploymentRoleArn'] },
    });
    expect(parameter('VersionArn')).toEqual({ Ref: `${logicalId}.Version` });
    const needed = Object.entries(Object(rollout['Parameters']))
      .filter(([, one]) => valueAt(one, ['Default']) === undefined)
      .map(([key]) => key);
    expect(needed.filter((key) => parameter(key) === undefined)).toEqual([]);
  });
});

describe('the check', () => {
  const check = Object(valueAt(rollout, ['Resources', 'CheckFunction', 'Properties']));
  const hook = { DeploymentId: 'd-1', LifecycleEventHookExecutionId: 'l-1' };

  interface Sent {
    readonly client: string;
    readonly input: unknown;
  }

  /** Runs the code of the template with clients that answer as told. */
  async function run(answer: () => object): Promise<readonly Sent[]> {
    const sent: Sent[] = [];
    const clientOf = (client: string) =>
      class {
        async send({ input }: { readonly input: unknown }): Promise<object> {
          sent.push({ client, input });
          return client === 'lambda' ? answer() : {};
        }
      };
    const command = class {
      readonly input: unknown;
      constructor(input: unknown) {
        this.input = input;
      }
    };
    const packages: Readonly<Record<string, object>> = {
      '@aws-sdk/client-lambda': { LambdaClient: clientOf('lambda'), InvokeCommand: command },
      '@aws-sdk/client-codedeploy': {
        CodeDeployClient: clientOf('codedeploy'),
        PutLifecycleEventHookExecutionStatusCommand: command,
      },
    };
    const exported: { handler?: (event: object) => Promise<void> } = {};
    const quiet = { info: () => undefined, error: () => undefined };
    const env = { VERSION_ARN: 'arn:f:7', SAMPLE: '{"a":1}', EXPECTED: '"ok"' };
    const load = compileFunction(String(check['InlineCode']), ['require', 'exports', 'process', 'console', 'Buffer']);
    Reflect.apply(load, undefined, [(name: string) => packages[name], exported, { env }, quiet, Buffer]);
    await exported.handler?.(hook);
    return sent;
  }

  const payload = (text: string) => ({ Payload: new TextEncoder().encode(text) });
  test.each<[string, () => object, string]>([
    ['the expected answer lets the traffic in', () => payload('{"state":"ok"}'), 'Succeeded'],
    ['another answer keeps it out', () => payload('{"state":"no"}'), 'Failed'],
    ['so does an error, whatever it says', () => ({ ...payload('"ok"'), FunctionError: 'Unhandled' }), 'Failed'],
    [
      'so does a call that fails',
      () => {
        throw new Error('AccessDenied');
      },
      'Failed',
    ],
  ])('%s', async (_, answer, status) => {
    expect(await run(answer)).toEqual([
      { client: 'lambda', input: { FunctionName: 'arn:f:7', Payload: '{"a":1}' } },
      { client: 'codedeploy', input: { deploymentId: 'd-1', lifecycleEventHookExecutionId: 'l-1', status } },
    ]);
  });

  test('fits into a template: at most 4096 characters, and it outlasts the functions that it invokes', () => {
    expect(String(check['InlineCode']).length).toBeLessThanOrEqual(4096);
    const slowest = valueAt(readTemplate(join(ROOT, 'template.yaml')), [
      'Resources',
      'ForwardFunction',
      'Properties',
      'Timeout',
    ]);
    expect(Number(check['Timeout'])).toBeGreaterThan(Number(slowest));
  });

  test('its roles have the permissions boundary, and only what they need', () => {
    const rights = ['CheckRole', 'DeploymentRole'].map((role) => {
      const properties = Object(valueAt(rollout, ['Resources', role, 'Properties']));
      expect(properties['PermissionsBoundary']).toEqual({
        'Fn::If': ['HasPermissionsBoundary', { Ref: 'PermissionsBoundaryArn' }, { Ref: 'AWS::NoValue' }],
      });
      const statements: unknown[] = properties['Policies'][0].PolicyDocument.Statement;
      return statements.map((statement) => Object(Object(statement)['Fn::If']?.[1] ?? statement)['Action']);
    });
    expect(rights).toEqual([
      [
        'lambda:InvokeFunction',
        'codedeploy:PutLifecycleEventHookExecutionStatus',
        ['logs:CreateLogStream', 'logs:PutLogEvents'],
        'kms:Decrypt',
      ],
      [
        ['lambda:GetAlias', 'lambda:UpdateAlias', 'lambda:GetProvisionedConcurrencyConfig'],
        'lambda:InvokeFunction',
        'cloudwatch:DescribeAlarms',
      ],
    ]);
    const wildcards = JSON.stringify(rollout).match(/"Sid":"(\w+)"[^}]+?"Resource":"\*"/g);
    expect(wildcards).toEqual([expect.stringContaining('LookAtAlarms')]);
  });

  test('every reference is defined', () => {
    const known = new Set(
      ['Parameters', 'Resources', 'Conditions'].flatMap((part) =>
        Object.keys(isObject(rollout[part]) ? rollout[part] : {}),
      ),
    );
    const dangling = referencesIn(rollout).filter((name) => !known.has(name) && !name.startsWith('AWS::'));
    expect(dangling).toEqual([]);
  });
});

test('operations.md says what a check leaves behind', () => {
  expect(readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8')).toContain('`batch_forwarded` with no records');
});
