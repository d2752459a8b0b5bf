import { createTelemetry } from '../../lib/forwarding/telemetry.ts';
import { createLog, type LogLevel } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';

describe('the log', () => {
  function linesAt(level: LogLevel): readonly Record<string, unknown>[] {
    const lines: string[] = [];
    const log = createLog({ service: 'stack', level }, (line) => lines.push(line));
    for (const awsRequestId of ['r-1', 'r-2']) {
      log.startInvocation({ awsRequestId, functionName: 'forward' });
      log.debug('Looked', { code: 'looked' });
      log.info('Done', { code: 'done', events: 3 });
      log.error('Failed', { code: 'failed' });
    }
    return lines.map((line) => JSON.parse(line));
  }

  test('is lines of JSON that say which invocation they are about', () => {
    expect(linesAt('INFO').filter(({ code }) => code === 'done')).toEqual(
      ['r-1', 'r-2'].map((requestId) => ({
        level: 'INFO',
        message: 'Done',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        service: 'stack',
        functionName: 'forward',
        requestId,
        isColdStart: requestId === 'r-1',
        code: 'done',
        events: 3,
      })),
    );
  });

  test.each([
    ['DEBUG', ['looked', 'done', 'failed']],
    ['INFO', ['done', 'failed']],
    ['WARN', ['failed']],
    ['ERROR', ['failed']],
  ] as const)('at %s it says %j', (level, codes) => {
    expect(linesAt(level).map(({ code }) => code)).toEqual([...codes, ...codes]);
  });

  test('tells where something failed and not what it choked on', () => {
    const lines: string[] = [];
    const telemetry = createTelemetry({ service: 'stack', level: 'INFO' }, (line) => lines.push(line));
    telemetry.onProblem('internal_error', new TypeError('secret-value'));
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        code: 'internal_error',
        errorName: 'TypeError',
        stack: expect.arrayContaining([expect.stringMatching(/^at .*telemetry\.test\.ts/)]),
      }),
    ]);
    expect(lines.join('\n')).not.toContain('secret-value');
  });
});

describe('metrics in embedded metric format', () => {
  function published(fill: (metrics: ReturnType<typeof createMetrics>) => void): readonly unknown[] {
    const lines: string[] = [];
    const metrics = createMetrics({ service: 'stack' }, (line) => lines.push(line));
    fill(metrics);
    metrics.publish();
    metrics.publish();
    return lines.map((line): unknown => JSON.parse(line));
  }
  const about = (dimensions: readonly string[], metrics: readonly object[]) => ({
    Timestamp: expect.any(Number),
    CloudWatchMetrics: [{ Namespace: 'RudderStackToHeap', Dimensions: [dimensions], Metrics: metrics }],
  });

  test('values of one name are one metric, each line is written once', () => {
    const lines = published((metrics) => {
      metrics.add('Events', 'Count', 7);
      metrics.add('Latency', 'Milliseconds', 10);
      metrics.add('Latency', 'Milliseconds', 30);
    });
    expect(lines).toEqual([
      {
        _aws: about(
          ['service'],
          [
            { Name: 'Events', Unit: 'Count' },
            { Name: 'Latency', Unit: 'Milliseconds' },
          ],
        ),
        service: 'stack',
        Events: 7,
        Latency: [10, 30],
      },
    ]);
  });

  test('another dimension stands in a line of its own', () => {
    expect(published((metrics) => metrics.addBy('reason', 'not_json', 'EventsDeadLettered', 2))).toEqual([
      {
        _aws: about(['service', 'reason'], [{ Name: 'EventsDeadLettered', Unit: 'Count' }]),
        service: 'stack',
        reason: 'not_json',
        EventsDeadLettered: 2,
      },
    ]);
  });

  test('more values than CloudWatch takes in a line are spread over several, and none is lost', () => {
    const lines = published((metrics) => {
      metrics.add('Events', 'Count', 1);
      for (let value = 0; value < 250; value += 1) metrics.add('Latency', 'Milliseconds', value);
    });
    const latencies = lines.map((line) => Object(line)['Latency']);
    expect(latencies.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(latencies.flat()).toEqual(Array.from({ length: 250 }, (_, value) => value));
    expect(lines.map((line) => Object(line)['Events'])).toEqual([1, undefined, undefined]);
  });

  test('nothing to tell is no line', () => {
    expect(published(() => undefined)).toEqual([]);
  });
});
