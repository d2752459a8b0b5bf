import { join } from 'node:path';
import { readTemplate } from '../../infra/template.ts';
import { valueAt } from '../../lib/json.ts';
import { SETTINGS } from '../../simulation/systems/forwarder.ts';

const TEMPLATE = readTemplate(join(__dirname, '..', '..', 'template.yaml'));

test('the simulated function and queue have the settings of the template', () => {
  const parameter = (name: string): unknown => valueAt(TEMPLATE, ['Parameters', name, 'Default']);
  const queue = (...path: string[]): unknown => valueAt(TEMPLATE, ['Resources', 'Queue', 'Properties', ...path]);
  expect({
    batchSize: parameter('BatchSize'),
    batchWindowS: parameter('BatchWindowSeconds'),
    maximumConcurrency: parameter('MaximumConcurrency'),
    retryHours: parameter('RetryHours'),
    timeoutS: valueAt(TEMPLATE, ['Resources', 'ForwardFunction', 'Properties', 'Timeout']),
    visibilityTimeoutS: queue('VisibilityTimeout'),
    maxReceiveCount: queue('RedrivePolicy', 'maxReceiveCount'),
    retentionS: queue('MessageRetentionPeriod'),
  }).toEqual(SETTINGS);
  expect(parameter('MemorySize')).toBe(512);
});
