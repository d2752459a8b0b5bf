import { writeLine, type LogSettings } from './log.ts';

export const METRICS_NAMESPACE = 'RudderStackToHeap';

export type MetricUnit = 'Count' | 'Milliseconds';

export interface Metrics {
  /** Takes note of a value; several of the same name become one metric with all of them. */
  readonly add: (name: string, unit: MetricUnit, value: number) => void;
  /** The same with one more dimension, beside `service`. */
  readonly addBy: (dimension: string, value: string, name: string, count: number) => void;
  /** Writes everything since the last time, as lines of CloudWatch's embedded metric format. */
  readonly publish: () => void;
}

/** Values of one metric in one line; CloudWatch drops what is beyond. */
const MOST_VALUES = 100;

/**
 * Metrics without a call to CloudWatch: it reads them from the log.
 *
 * @param write takes a line
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
