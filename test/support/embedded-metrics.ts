import { isArray, isObject, valueAt, type JsonObject } from '../../lib/json.ts';

const UNITS =
  /^(?:Seconds|Microseconds|Milliseconds|(?:Bytes|Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits|Megabits|Gigabits|Terabits|Count)(?:\/Second)?|Percent|None)$/;

/**
 * What CloudWatch would not extract from a line in the embedded metric format, by the schema of its specification.
 *
 * @returns nothing for a valid line, and for one that claims no metrics
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metricProblems(line: JsonObject): readonly string[] {
  const metadata = line['_aws'];
  if (metadata === undefined) return [];
  const directives = valueAt(metadata, ['CloudWatchMetrics']);
  const timestamp = valueAt(metadata, ['Timestamp']);
  return [
    ...(Number.isInteger(timestamp) && Number(timestamp) > 0 ? [] : ['Timestamp is no time in milliseconds']),
    ...(isArray(directives) && directives.length > 0
      ? directives.flatMap((directive) => directiveProblems(directive, line))
      : ['CloudWatchMetrics is no list']),
  ];
}

function directiveProblems(directive: unknown, line: JsonObject): readonly string[] {
  const { Namespace: namespace, Dimensions: sets, Metrics: metrics } = isObject(directive) ? directive : {};
  if (!isArray(sets) || !isArray(metrics)) return ['a directive without dimensions or metrics'];
  return [
    ...(isText(namespace, 255) ? [] : ['Namespace is no text']),
    ...(metrics.length <= 100 ? [] : ['more than 100 metrics']),
    ...sets.flatMap((set) => dimensionProblems(set, line)),
    ...metrics.flatMap((metric) => problemsOfMetric(metric, line)),
  ];
}

function dimensionProblems(set: unknown, line: JsonObject): readonly string[] {
  if (!isArray(set) || set.length > 30) return ['a set of dimensions is no list of at most 30'];
  return set.flatMap((name) => {
    const isGood = isText(name, 250) && isText(line[name], 1024);
    return isGood ? [] : [`the dimension ${JSON.stringify(name)} has no text`];
  });
}

function problemsOfMetric(metric: unknown, line: JsonObject): readonly string[] {
  const { Name: name, Unit: unit } = isObject(metric) ? metric : {};
  if (!isText(name, 1024)) return ['a metric without a name'];
  const value = line[name];
  const values = isArray(value) ? value : [value];
  return [
    ...(unit === undefined || (typeof unit === 'string' && UNITS.test(unit)) ? [] : [`${name} has an unknown unit`]),
    ...(values.length > 0 && values.length <= 100 && values.every((one) => Number.isFinite(one))
      ? []
      : [`${name} is neither a number nor a list of at most 100 numbers`]),
  ];
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= most;
}
