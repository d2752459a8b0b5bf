/** A list price in us-east-1, in dollars, for one unit. */
export interface Price {
  readonly what: string;
  readonly dollars: number;
  readonly unit: string;
  /** Where the price was read, and whose page that is. */
  readonly source: string;
  readonly by: string;
}

const CLOUDBURN_SQS = { source: 'https://cloudburn.io/blog/amazon-sqs-pricing', by: 'CloudBurn' };
const CLOUDBURN_EVENTBRIDGE = { source: 'https://cloudburn.io/blog/amazon-eventbridge-pricing', by: 'CloudBurn' };
const CLOUDCHIPR_LAMBDA = { source: 'https://cloudchipr.com/blog/aws-lambda-pricing', by: 'Cloudchipr' };
const FACTUALMINDS_CLOUDWATCH = {
  source: 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/',
  by: 'FactualMinds',
};

const MILLION = 1e6;

/** When the prices were read. */
export const PRICES_READ = '26 and 27 November 2026';

/**
 * The prices of docs/operations.md, "Where the prices come from". AWS's own pages load their prices by a script, so most were read in
 * summaries of them.
 */
export const PRICES = {
  sqsRequest: { what: 'SQS, standard queue', dollars: 0.4 / MILLION, unit: 'request', ...CLOUDBURN_SQS },
  sqsGroup: {
    what: 'SQS, standard queue, with a message group, in addition',
    dollars: 0.1 / MILLION,
    unit: 'request',
    ...CLOUDBURN_SQS,
  },
  lambdaRequest: { what: 'Lambda', dollars: 0.2 / MILLION, unit: 'request', ...CLOUDCHIPR_LAMBDA },
  lambdaGbSecond: { what: 'Lambda, arm64', dollars: 0.0000133334, unit: 'GB-second', ...CLOUDCHIPR_LAMBDA },
  logGb: { what: 'CloudWatch Logs, taken in', dollars: 0.5, unit: 'GB', ...FACTUALMINDS_CLOUDWATCH },
  metricMonth: {
    what: 'CloudWatch, custom metric',
    dollars: 0.3,
    unit: 'month',
    source: 'https://cal53.calculator.city/cloudwatch-custom-metrics-calculator/',
    by: 'Calculator City',
  },
  alarmMonth: {
    what: 'CloudWatch, alarm',
    dollars: 0.1,
    unit: 'month',
    source: 'https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm',
    by: 'C3X',
  },
  dashboardMonth: {
    what: 'CloudWatch, dashboard beyond three',
    dollars: 3,
    unit: 'month',
    ...FACTUALMINDS_CLOUDWATCH,
  },
  httpApiRequest: {
    what: 'API Gateway, HTTP API',
    dollars: 1 / MILLION,
    unit: 'request',
    source:
      'https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html',
    by: 'AWS',
  },
  transferGb: {
    what: 'data to the internet, beyond the free 100 GB',
    dollars: 0.09,
    unit: 'GB',
    source: 'https://awsforengineers.com/blog/aws-api-gateway-pricing-explained',
    by: 'AWS for Engineers',
  },
  secretMonth: {
    what: 'Secrets Manager, a secret',
    dollars: 0.4,
    unit: 'month',
    source: 'https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms',
    by: 'Hivebook',
  },
  busEvent: { what: 'EventBridge, custom event', dollars: 1 / MILLION, unit: 'event', ...CLOUDBURN_EVENTBRIDGE },
  snsPublish: {
    what: 'SNS, standard topic, to a queue',
    dollars: 0.5 / MILLION,
    unit: 'request',
    source: 'https://www.factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols/',
    by: 'FactualMinds',
  },
  pipeRequest: { what: 'EventBridge Pipes', dollars: 0.4 / MILLION, unit: 'request', ...CLOUDBURN_EVENTBRIDGE },
  apiDestination: {
    what: 'EventBridge API destinations',
    dollars: 0.2 / MILLION,
    unit: 'request',
    ...CLOUDBURN_EVENTBRIDGE,
  },
  firehoseGb: {
    what: 'Data Firehose, direct PUT, records rounded up to 5 KB',
    dollars: 0.029,
    unit: 'GB',
    source: 'https://aws.amazon.com/kinesis/data-firehose/pricing/',
    by: 'AWS',
  },
} satisfies Readonly<Record<string, Price>>;

/** `$0.40 for a million requests`, `$0.50 for a GB`. */
export function describePrice({ dollars, unit }: Price): string {
  const isTiny = unit === 'request' || unit === 'event';
  const amount = isTiny ? dollars * MILLION : dollars;
  const shown = amount >= 0.1 ? amount.toFixed(2) : String(amount);
  return `$${shown} for a ${isTiny ? `million ${unit}s` : unit}`;
}
