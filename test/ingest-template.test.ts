import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtFunctions, readTemplate } from '../infra/template.ts';
import { resolveTemplate } from '../infra/resolve-template.ts';
import { isObject, valueAt } from '../lib/json.ts';
import { readIngestRuntime } from '../lib/ingest/environment.ts';
import { readSettingsFromEnvironment } from '../lib/rudderstack/settings-from-environment.ts';
import { referencesIn } from './support/references.ts';
import { METRICS_NAMESPACE } from '../lib/telemetry/metrics.ts';
import { readLogSettings } from '../lib/telemetry/log-settings.ts';

const ROOT = join(__dirname, '..');
const template = readTemplate(join(ROOT, 'infra', 'ingest.yaml'));
const stack = valueAt(readTemplate(join(ROOT, 'template.yaml')), ['Resources', 'IngestStack']);

function property(logicalId: string, ...path: string[]): unknown {
  return valueAt(template, ['Resources', logicalId, 'Properties', ...path]);
}

describe('the HTTP endpoint of the stack', () => {
  test('is disabled by default', () => {
    expect(valueAt(stack, ['Condition'])).toBe('HasIngest');
    expect(valueAt(readTemplate(join(ROOT, 'template.yaml')), ['Parameters', 'Ingest', 'Default'])).toBe('false');
  });

  test('gets every parameter that has no default, and no other', () => {
    const known = Object.entries(Object(template['Parameters']));
    const needed = known.filter(([, given]) => valueAt(given, ['Default']) === undefined).map(([name]) => name);
    const given = Object.keys(Object(valueAt(stack, ['Properties', 'Parameters'])));
    expect(given).toEqual(expect.arrayContaining(needed));
    expect(known.map(([name]) => name)).toEqual(expect.arrayContaining(given));
    expect(valueAt(stack, ['Properties', 'Location'])).toBe('infra/ingest.yaml');
  });

  test('is one built function for all paths', () => {
    const [built, ...others] = builtFunctions(template);
    expect([built?.entryPoint, others]).toEqual(['handlers/ingest.ts', []]);
    expect(property('IngestFunction', 'Handler')).toBe('ingest.handler');
    expect(property('IngestFunction', 'CodeUri')).toBe('..');
    expect(readFileSync(join(ROOT, 'dist', 'ingest', 'ingest.cjs'), 'utf8')).toMatch(/module\.exports=\{handler\}/);
    const properties = { ApiId: { Ref: 'HttpApi' }, PayloadFormatVersion: '2.0', TimeoutInMillis: 16_000 };
    const ofSourceConfig = (Path: string) => ({ Type: 'HttpApi', Properties: { ...properties, Path, Method: 'ANY' } });
    expect(property('IngestFunction', 'Events')).toEqual({
      Everything: { Type: 'HttpApi', Properties: properties },
      SourceConfig: ofSourceConfig('/sourceConfig'),
      SourceConfigWithSlash: ofSourceConfig('/sourceConfig/{proxy+}'),
    });
  });

  test('has a timeout below API Gateway’s, and the largest body fits into an invocation', () => {
    expect(Number(property('IngestFunction', 'Timeout')) * 1000).toBeLessThan(16_000);
    expect(16_000).toBeLessThanOrEqual(30_000);
    const largestOfRudderStack = 4000 * 1024;
    expect(Math.ceil(largestOfRudderStack / 3) * 4).toBeLessThan(6 * 1024 * 1024 - 64 * 1024);
  });

  test('has the same runtime and build options as the forwarder', () => {
    expect(property('IngestFunction', 'Runtime')).toBe('nodejs24.x');
    expect(property('IngestFunction', 'Architectures')).toEqual(['arm64']);
    const [forward] = builtFunctions(readTemplate(join(ROOT, 'template.yaml')));
    const options = Object(builtFunctions(template)[0]?.buildProperties);
    for (const name of ['Target', 'MainFields', 'Minify', 'PreserveSymlinks']) {
      expect(options[name]).toEqual(forward?.buildProperties[name]);
    }
  });

  test('gets every variable that its code reads, and the name of the keys’ parameter instead of the keys', () => {
    const read = new Set<string>();
    const spy = new Proxy<NodeJS.ProcessEnv>(
      {
        QUEUE_URL: 'https://q',
        DEAD_LETTER_QUEUE_URL: 'https://d',
        INGEST_KEYS_PARAMETER: '/keys',
        DESTINATION_CONFIG: '{"appId":"1"}',
      },
      {
        get(target, key) {
          read.add(String(key));
          return Reflect.get(target, key) as unknown;
        },
      },
    );
    readIngestRuntime(spy);
    readSettingsFromEnvironment(spy);
    readLogSettings(spy);
    const variables = Object(property('IngestFunction', 'Environment', 'Variables'));
    // The AWS SDK reads AWS_ENDPOINT_URL_SQS.
    expect(Object.keys(variables).toSorted()).toEqual([...read, 'AWS_ENDPOINT_URL_SQS'].toSorted());
    expect(variables['INGEST_KEYS_PARAMETER']).toEqual({
      'Fn::If': [
        'HasSecret',
        { 'Fn::Sub': '/aws/reference/secretsmanager/${KeysSecretName}' },
        { Ref: 'KeysParameter' },
      ],
    });
  });

  test('has a role that may only send to the two queues and read the keys, with the permissions boundary', () => {
    const [policy] = Object(property('IngestRole', 'Policies'));
    const statements: unknown[] = Object(valueAt(policy, ['PolicyDocument', 'Statement']));
    const allowed = statements.map((statement) => {
      const [when, { Action: action }] = Object(statement)['Fn::If'] ?? ['always', statement];
      return [when, action];
    });
    expect(allowed).toEqual([
      ['always', 'sqs:SendMessage'],
      ['always', 'sqs:SendMessage'],
      ['always', 'ssm:GetParameter'],
      ['HasSecret', 'secretsmanager:GetSecretValue'],
      ['always', ['logs:CreateLogStream', 'logs:PutLogEvents']],
      ['always', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords']],
      ['HasKmsKey', ['kms:Decrypt', 'kms:GenerateDataKey']],
      ['IsInVpc', expect.arrayContaining(['ec2:CreateNetworkInterface'])],
      ['IsInVpc', expect.arrayContaining(['ec2:CreateNetworkInterface'])],
      ['HasLogsKmsKey', 'kms:Decrypt'],
    ]);
    const wildcards = JSON.stringify(statements).match(/"Sid":"\w+","Effect":"Allow","Action":[^}]+?"Resource":"\*"/g);
    expect(wildcards).toHaveLength(2);
    expect(property('IngestRole', 'PermissionsBoundary')).toEqual({
      'Fn::If': ['HasPermissionsBoundary', { Ref: 'PermissionsBoundaryArn' }, { Ref: 'AWS::NoValue' }],
    });
  });

  test('API Gateway limits the request rate, and leaves CORS to the function', () => {
    expect(property('HttpApi', 'DefaultRouteSettings')).toEqual({
      ThrottlingRateLimit: { Ref: 'RateLimit' },
      ThrottlingBurstLimit: { Ref: 'BurstLimit' },
    });
    expect(property('HttpApi', 'CorsConfiguration')).toBeUndefined();
  });

  test('the routes of /sourceConfig have limits of their own, which no limit of the events exceeds', () => {
    const settings = { ThrottlingRateLimit: 10_000, ThrottlingBurstLimit: 5000 };
    expect(property('HttpApi', 'RouteSettings')).toEqual({
      'ANY /sourceConfig': settings,
      'ANY /sourceConfig/{proxy+}': settings,
    });
    const parameters = readTemplate(join(ROOT, 'template.yaml'))['Parameters'];
    expect(valueAt(parameters, ['IngestRateLimit', 'MaxValue'])).toBe(settings.ThrottlingRateLimit);
    expect(valueAt(parameters, ['IngestBurstLimit', 'MaxValue'])).toBe(settings.ThrottlingBurstLimit);
  });

  test('gets the settings of the forwarder', () => {
    const forwarder = valueAt(readTemplate(join(ROOT, 'template.yaml')), ['Resources', 'ForwardFunction']);
    expect(valueAt(stack, ['Properties', 'Parameters', 'DestinationConfig'])).toEqual(
      valueAt(forwarder, ['Properties', 'Environment', 'Variables', 'DESTINATION_CONFIG']),
    );
    expect(property('IngestFunction', 'Environment', 'Variables', 'DESTINATION_CONFIG')).toEqual({
      Ref: 'DestinationConfig',
    });
  });

  test('every alarm links to its section of the runbook, and notifies the alarm topic', () => {
    const runbook = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8');
    const alarms = Object.values(Object(template['Resources'])).filter(
      (resource) => valueAt(resource, ['Type']) === 'AWS::CloudWatch::Alarm',
    );
    expect(alarms).toHaveLength(4);
    for (const alarm of alarms) {
      expect(valueAt(alarm, ['Properties', 'AlarmDescription', 'Fn::Sub'])).toMatch(/\$\{RunbookUrl\}#http-endpoint$/);
      if (alarm === valueAt(template, ['Resources', 'RollbackAlarm'])) continue; // CodeDeploy looks at it
      expect(valueAt(alarm, ['Properties', 'AlarmActions'])).toEqual([{ Ref: 'AlarmTopicArn' }]);
      // Without a topic nobody would see it.
      expect(valueAt(alarm, ['Condition'])).toBe('HasAlarmTopic');
    }
    expect(runbook).toMatch(/^## HTTP endpoint$/m);
  });

  test('the alarm for events that are not taken counts a metric that a wrong key does not raise', () => {
    expect(property('NotTakenAlarm')).toMatchObject({
      Namespace: METRICS_NAMESPACE,
      MetricName: 'RequestsNotTaken',
      Dimensions: [{ Name: 'service', Value: { Ref: 'ServiceName' } }],
      Threshold: 0,
    });
  });

  test('the alarm for errors looks at the alias that gets the requests, so that a failed check of a new version is none', () => {
    const dimensions = [
      { Name: 'FunctionName', Value: { Ref: 'IngestFunction' } },
      { Name: 'Resource', Value: { 'Fn::Sub': '${IngestFunction}:live' } },
    ];
    expect(property('FunctionErrorsAlarm', 'Dimensions')).toEqual(dimensions);
    expect(property('RollbackAlarm', 'Dimensions')).toEqual(dimensions);
    expect(property('IngestFunction', 'AutoPublishAlias')).toBe('live');
  });

  test('the dashboard is valid JSON, is there only with alarms, and shows every metric that the function emits', () => {
    const { resources } = resolveTemplate(template, { ServiceName: 's', AlarmTopicArn: 'arn' });
    const body = String(valueAt(resources, ['Dashboard', 'Properties', 'DashboardBody']));
    expect(valueAt(JSON.parse(body), ['widgets'])).toHaveLength(6);
    const emitted = readFileSync(join(ROOT, 'lib', 'ingest', 'telemetry.ts'), 'utf8');
    const own = new Set([...emitted.matchAll(/'([A-Z][a-z]+(?:[A-Z][a-z]+)+)'/g)].map(([, name]) => name));
    expect(own).toContain('EventsDeadLettered');
    expect(own.size).toBeGreaterThanOrEqual(7);
    for (const name of own) expect(body).toMatch(new RegExp(String.raw`"${name}\\?"`));
    for (const alarm of ['NotTakenAlarm', 'FunctionErrorsAlarm', 'RefusedAlarm']) {
      expect(body).toContain(`"<${alarm}.Arn>"`);
    }
    const { resources: silent } = resolveTemplate(template, { ServiceName: 's' });
    expect(Object.keys(silent).filter((name) => /Alarm|Dashboard/.test(name))).toEqual(['RollbackAlarm']);
  });

  test('the access log is one JSON object for each request, without addresses, headers and queries', () => {
    const settings = (given: Record<string, string>) =>
      valueAt(resolveTemplate(template, given).resources, ['HttpApi', 'Properties', 'AccessLogSettings']);
    const format = String(valueAt(settings({}), ['Format']));
    const variables = [...format.matchAll(/\$context\.([\w.]+)/g)].map(([, name]) => name);
    expect(variables).not.toEqual([]);
    expect(variables.filter((name) => /ip|agent|identity|authorizer|header|query/i.test(String(name)))).toEqual([]);
    const line: unknown = JSON.parse(format.replaceAll(/\$context\.[\w.]+/g, '200'));
    expect(Object.keys(Object(line))).toHaveLength(variables.length);
    expect(settings({ AccessLogs: 'false' })).toBeUndefined();
  });

  test('concurrency is reserved only if it is asked for, since a small account has none to spare', () => {
    const reserved = (given: Record<string, string>) =>
      valueAt(resolveTemplate(template, given).resources, [
        'IngestFunction',
        'Properties',
        'ReservedConcurrentExecutions',
      ]);
    expect(reserved({})).toBeUndefined();
    expect(reserved({ Concurrency: '50' })).toBe('50');
    expect(valueAt(readTemplate(join(ROOT, 'template.yaml')), ['Parameters', 'IngestConcurrency', 'Default'])).toBe(0);
  });

  test('every reference is defined', () => {
    const known = new Set(
      ['Parameters', 'Resources', 'Conditions'].flatMap((part) =>
        Object.keys(isObject(template[part]) ? template[part] : {}),
      ),
    );
    const dangling = referencesIn(template).filter((name) => !known.has(name) && !name.startsWith('AWS::'));
    expect(dangling).toEqual([]);
  });
});

test('docs/ingest.md has every answer of the HTTP endpoint', () => {
  const source = readFileSync(join(ROOT, 'lib', 'ingest', 'http', 'refusal.ts'), 'utf8');
  const documented = readFileSync(join(ROOT, 'docs', 'ingest.md'), 'utf8');
  const refusals = [...source.matchAll(/^ {2}(\w+): \{ status: (\d+), text: '([^']+)' \}/gm)];
  expect(refusals.length).toBeGreaterThan(15);
  for (const [, reason = '', status = '', text = ''] of refusals) {
    const row = documented.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${reason}\``));
    expect([reason, row]).toEqual([reason, expect.stringContaining(status)]);
    expect(row).toContain(`\`${text}\``);
  }
});
