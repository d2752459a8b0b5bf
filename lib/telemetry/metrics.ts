import { writeLine, type LogSettings } from './log.ts';

/** The CloudWatch namespace of all metrics. */
export const METRICS_NAMESPACE = 'RudderStackToHeap';

export type MetricUnit = 'Count' | 'Milliseconds';

/** Collects metrics of one invocation. */
export interface Metrics {
  /** Adds a value. Several values with the same name become one metric. */
  readonly add: (name: string, unit: MetricUnit, value: number) => void;
  /** Adds a count with a dimension in addition to `service`. */
  readonly addBy: (dimension: string, value: string, name: string, count: number) => void;
  /** Writes all values added since the last call, as lines in CloudWatch's embedded metric format. */
  readonly publish: () => void;
}

/** CloudWatch's limit of values per metric in one line; it drops any more. */
const MOST_VALUES = 100;

/**
 * Creates metrics in the embedded metric format: CloudWatch extracts them from the log, so no call to its API is needed.
 *
 * @param write receives each line
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function createMetrics(
  { service }: Pick<LogSettings, 'service'>,
  write: (line: string) => void = writeLine,
): Metrics {
  const values = new Map<string, { readonly unit: MetricUnit; readonly values: number[] }>();
  const lines: string[] = [];

  function lineOf(
    dimensions: Readonly<Record<string, string>>,
    metrics: readonly {
      readonly name: string;
      readonly unit: MetricUnit;
      readonly value: number | readonly number[];
    }[],
  ): string {
    const directive = {
      Namespace: METRICS_NAMESPACE,
      Dimensions: [Object.keys(dimensions)],
      Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
    };
    return JSON.stringify({
      _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] },
      ...dimensions,
      ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
    });
  }

  return {
    add(name, unit, value) {
      const known = values.get(name);
      if (known === undefined) values.set(name, { unit, values: [value] });
      else known.values.push(value);
    },

    addBy(dimension, value, name, count) {
      lines.push(lineOf({ service, [dimension]: value }, [{ name, unit: 'Count', value: count }]));
    },

    publish() {
      const longest = Math.max(0, ...[...values.values()].map((one) => one.values.length));
      for (let from = 0; from < longest; from += MOST_VALUES) {
        const metrics = [...values].flatMap(([name, { unit, values: all }]) => {
          const some = all.slice(from, from + MOST_VALUES);
          const [only] = some;
          return only === undefined ? [] : [{ name, unit, value: some.length === 1 ? only : some }];
        });
        lines.push(lineOf({ service }, metrics));
      }
      values.clear();
      for (const line of lines.splice(0)) write(line);
    },
  };
}
