import { isObject } from '../../lib/json.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { metricProblems } from '../support/embedded-metrics.ts';

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

  test('are valid by AWS’s schema, with more values than fit into a line too', () => {
    const lines = published((metrics) => {
      for (let index = 0; index < 150; index += 1) metrics.add('Latency', 'Milliseconds', index);
      metrics.add('Events', 'Count', 7);
      metrics.addBy('reason', 'not_json', 'EventsDeadLettered', 2);
    });
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(isObject(line) ? metricProblems(line) : ['no object']).toEqual([]);
    expect(metricProblems({ _aws: { Timestamp: 1, CloudWatchMetrics: [] } })).toEqual(['CloudWatchMetrics is no list']);
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

  test('a metric with another dimension has a line of its own', () => {
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

  test('without values there are no lines', () => {
    expect(published(() => undefined)).toEqual([]);
  });
});
