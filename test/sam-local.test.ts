import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SQSEvent } from 'aws-lambda';
import { isArray, isObject, valueAt } from '../lib/json.ts';
import { readSettings } from '../lib/rudderstack/settings.ts';
import { createLedger } from '../local/accounting.ts';
import { startHarness } from './support/lambda-harness.ts';

/** `sam local` needs Docker. Without it, these tests check its parts: the environment, the events, the bundle. */
const ROOT = join(__dirname, '..');

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'));
}

const RECORD_STRINGS = [
  'messageId',
  'receiptHandle',
  'body',
  'md5OfBody',
  'eventSource',
  'eventSourceARN',
  'awsRegion',
];

/** Whether an object has the fields of an SQSEvent that Lambda passes to a function. */
function isSqsEvent(event: unknown): event is SQSEvent {
  const records = valueAt(event, ['Records']);
  if (!isArray(records)) return false;
  return records.every(
    (record) =>
      isObject(record) &&
      RECORD_STRINGS.every((name) => typeof record[name] === 'string') &&
      isObject(record['messageAttributes']) &&
      ['ApproximateReceiveCount', 'SentTimestamp'].every(
        (name) => typeof valueAt(record, ['attributes', name]) === 'string',
      ),
  );
}

test.each([
  ['good-batch.json', 'delivered'],
  ['every-failure.json', 'rejected'],
])('the built handler answers events/sqs/%s', async (file, mostly) => {
  const variables = valueAt(readJson('local', 'sam-env.json'), ['ForwardFunction']);
  const config = String(valueAt(variables, ['DESTINATION_CONFIG']));
  const event = readJson('events', 'sqs', file);
  if (!isSqsEvent(event)) throw new Error(`${file} is not an SQS event`);
  const ledger = createLedger(readSettings(JSON.parse(config)));
  for (const { body } of event.Records) ledger.add(body);

  const harness = await startHarness({ DESTINATION_CONFIG: config });
  const answer = await harness.lambda.invoke(event);
  const deadLetters = await harness.deadLetters();
  const differences = ledger.differences(harness.heapServer.heap.contents(), deadLetters);
  await harness.stop();

  expect(answer).toEqual({ kind: 'response', response: { batchItemFailures: [] } });
  expect(deadLetters).toHaveLength(ledger.counts.rejected);
  expect(differences).toEqual([]);
  expect(ledger.counts.toDeliver > ledger.counts.rejected).toBe(mostly === 'delivered');
});

describe('an event that a person has written', () => {
  const body = '{"type":"track","event":"Signed Up","userId":"u-1","messageId":"m-1"}';

  test('needs nothing but bodies', async () => {
    const harness = await startHarness();
    const answer = await harness.lambda.invoke({ Records: [{ body }, { body: 'no JSON' }] });
    const deadLetters = await harness.deadLetters();
    const { events } = harness.heapServer.heap.contents();
    await harness.stop();
    expect(answer).toEqual({ kind: 'response', response: { batchItemFailures: [] } });
    expect(events).toHaveLength(1);
    expect(deadLetters.map(({ Body }) => Body)).toEqual(['no JSON']);
  });

  test('goes back by an id of its own while Heap is unavailable', async () => {
    const harness = await startHarness();
    harness.heapServer.heap.inject({ status: 503, times: 4 });
    const answer = await harness.lambda.invoke({ Records: [{ body }] });
    await harness.stop();
    expect(answer).toEqual({ kind: 'response', response: { batchItemFailures: [{ itemIdentifier: 'record-0' }] } });
  });

  test('fails with one sentence if it is not one of SQS', async () => {
    const harness = await startHarness();
    const answer = await harness.lambda.invoke({ detail: {} });
    await harness.stop();
    const message = 'Error: The event has no array "Records": this function takes the events of an SQS queue';
    expect(answer).toEqual({ kind: 'error', message });
  });
});

test('the environment has the addresses of npm run dev', () => {
  const { scripts } = Object(readJson('package.json'));
  const dev = readFileSync(join(ROOT, 'local', 'dev.ts'), 'utf8');
  const variables = Object(valueAt(readJson('local', 'sam-env.json'), ['ForwardFunction']));
  expect(scripts.dev).toBe('npm run -s build && node local/dev.ts');
  for (const [variable, port, option] of [
    ['AWS_ENDPOINT_URL_SQS', '4566', 'queue-port'],
    ['HEAP_BASE_URL', '4567', 'heap-port'],
  ]) {
    expect(variables[String(variable)]).toBe(`http://host.docker.internal:${port}`);
    expect(dev).toContain(`'${option}': { type: 'string', default: '${port}' }`);
  }
  for (const queue of ['local-events', 'local-dead-letters']) {
    expect(Object.values(variables)).toContain(`http://host.docker.internal:4566/000000000000/${queue}`);
  }
});
