import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveTemplate } from '../infra/resolve-template.ts';
import { readTemplate } from '../infra/template.ts';
import { isObject, valueAt } from '../lib/json.ts';
import { referencesIn } from './support/references.ts';

const ROOT = join(__dirname, '..');
const parent = readTemplate(join(ROOT, 'template.yaml'));
const stack = valueAt(parent, ['Resources', 'ObservabilityStack', 'Properties']);

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
    const given = valueAt(stack, ['Parameters']);
    if (!isObject(nested) || !isObject(given)) throw new Error('the stack does not have parameters');
    const needed = Object.keys(nested).filter((name) => valueAt(nested, [name, 'Default']) === undefined);
    expect(Object.keys(given)).toEqual(expect.arrayContaining(needed));
    expect(Object.keys(nested)).toEqual(expect.arrayContaining(Object.keys(given)));
    expect(valueAt(stack, ['Location'])).toBe('infra/observability.yaml');
  });

  test.each(alarms)('%s links to its section of the runbook, and notifies the alarm topic', (_, alarm) => {
    const description = valueAt(alarm, ['Properties', 'AlarmDescription', 'Fn::Sub']);
    const anchor = /\$\{RunbookUrl\}#([\w-]+)$/.exec(String(description))?.[1];
    expect(anchors).toContain(anchor);
    expect(valueAt(alarm, ['Properties', 'AlarmActions'])).toEqual([{ Ref: 'AlarmTopic' }]);
    expect(valueAt(alarm, ['Properties', 'TreatMissingData'])).toBe('notBreaching');
  });

  test('the alarm for messages in flight speaks before SQS’s limit of 120,000, after one minute', () => {
    const properties = valueAt(resources, ['InFlightAlarm', 'Properties']);
    expect(properties).toMatchObject({ Threshold: 90_000, Period: 60, EvaluationPeriods: 1, Statistic: 'Maximum' });
  });

  test('use metrics that the function emits', () => {
    const emitted = readFileSync(join(ROOT, 'lib', 'forwarding', 'telemetry.ts'), 'utf8');
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

  test('the dashboard is valid JSON, and shows every alarm', () => {
    for (const given of [{}, { EventRuleName: 'r', TopicName: 't' }]) {
      const { resources: created } = resolveTemplate(observability, given);
      const body = String(valueAt(created, ['Dashboard', 'Properties', 'DashboardBody']));
      const widgets = valueAt(JSON.parse(body), ['widgets']);
      expect(Array.isArray(widgets) && widgets.length).toBe(10);
      for (const [name] of alarms.filter(([one]) => one in created)) expect(body).toContain(`"<${name}.Arn>"`);
    }
  });

  test('later dead letters notify too, while the queue still has earlier ones', () => {
    expect(valueAt(resources, ['NewDeadLettersAlarm', 'Properties'])).toMatchObject({
      MetricName: 'EventsDeadLettered',
      Statistic: 'Sum',
      Threshold: 0,
    });
  });

  test.each([
    ['default', [{ Name: 'RuleName', Value: 'r' }]],
    [
      'events',
      [
        { Name: 'EventBusName', Value: 'events' },
        { Name: 'RuleName', Value: 'r' },
      ],
    ],
  ])('what EventBridge cannot even dead-letter is seen on the bus %s', (EventBusName, Dimensions) => {
    const given = { EventBusName, EventRuleName: 'r' };
    const alarm = valueAt(resolveTemplate(observability, given).resources, ['EventBusLossAlarm', 'Properties']);
    expect(alarm).toMatchObject({ MetricName: 'InvocationsFailedToBeSentToDlq', Dimensions });
  });

  test.each([
    ['default', 'arn:aws:events:eu-central-1:123456789012:rule/r'],
    ['events', 'arn:aws:events:eu-central-1:123456789012:rule/events/r'],
  ])('the name of the rule is read from its ARN on the bus %s', (EventBusName, arn) => {
    const { resources: created } = resolveTemplate(parent, { EventBusName }, { 'EventBusRule.Arn': arn });
    const given = valueAt(created, ['ObservabilityStack', 'Properties', 'Parameters', 'EventRuleName']);
    expect(given).toBe('r');
  });

  test('every reference is defined', () => {
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
