/** A list price in us-east-1, in dollars, for one unit. */
export interface Price {
  readonly what: string;
  readonly dollars: number;
  readonly unit: string;
  /** Where the price was read. */
  readonly source: string;
}

const CLOUDBURN_SQS = 'https://cloudburn.io/blog/amazon-sqs-pricing';
const CLOUDBURN_EVENTBRIDGE = 'https://cloudburn.io/blog/amazon-eventbridge-pricing';
const CLOUDCHIPR_LAMBDA = 'https://cloudchipr.com/blog/aws-lambda-pricing';

const MILLION = 1e6;

/**
 * The prices of docs/operations.md, "Where the prices come from". AWS's own pages load their prices by a script, so these were read in
 * summaries of them.
 */
export const PRICES = {
  sqsRequest: { what: 'SQS, standard queue', dollars: 0.4 / MILLION, unit: 'request', source: CLOUDBURN_SQS },
  lambdaRequest: { what: 'Lambda', dollars: 0.2 / MILLION, unit: 'request', source: CLOUDCHIPR_LAMBDA },
  lambdaGbSecond: { what: 'Lambda, arm64', dollars: 0.0000133334, unit: 'GB-second', source: CLOUDCHIPR_LAMBDA },
  logGb: {
    what: 'CloudWatch Logs, taken in',
    dollars: 0.5,
    unit: 'GB',
    source: 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/',
  },
  pipeRequest: { what: 'EventBridge Pipes', dollars: 0.4 / MILLION, unit: 'request', source: CLOUDBURN_EVENTBRIDGE },
  apiDestination: {
    what: 'EventBridge API destinations',
    dollars: 0.2 / MILLION,
    unit: 'request',
    source: CLOUDBURN_EVENTBRIDGE,
  },
  firehoseGb: {
    what: 'Data Firehose, direct PUT, records rounded up to 5 KB',
    dollars: 0.029,
    unit: 'GB',
    source: 'https://aws.amazon.com/kinesis/data-firehose/pricing/',
  },
} satisfies Readonly<Record<string, Price>>;
