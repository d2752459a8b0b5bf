import { sqsDollars, totalOf, waitingDestinations } from '../../../local/cost/bill.ts';
import { PRICES } from '../../../local/cost/prices.ts';
import { readCostResult } from '../../../local/cost/result-file.ts';
import { costsOf, type Costs } from '../../../local/cost/tables.ts';
import type { Figures } from './figures.ts';
import { sentence, type Sentence } from './sentence.ts';

const EVENTS_A_MONTH_AT_ONE_A_SECOND = (30 * 86_400) / 1e6;

/** What `npm run cost` has measured and computed, in the pages. */
export function costFigures(): Figures {
  const costs = costsOf(readCostResult());
  const blocks = Object.entries(costs.tables).map(([name, { table }]) => [name, table]);
  return {
    blocks: Object.fromEntries(blocks),
    sentences: [...aboutRates(costs), ...aboutBacklogs(costs), ...aboutPrices(), ...aboutWaysIn()],
  };
}

function aboutRates({ dollarsOf }: Costs): readonly Sentence[] {
  const inPage = sentence('docs/operations.md');
  const cents = (amount: number): string => amount.toFixed(2);
  const saved = (rate: number, lever: Parameters<typeof dollarsOf>[1]): number =>
    dollarsOf(rate, 'defaults') - dollarsOf(rate, lever);
  const window = saved(1, '`BatchWindowSeconds=20`');
  const packed = [1, 1000].map((rate) => cents(dollarsOf(rate, '50 events a message')));
  return [
    sentence(
      'README.md',
    )`About $${cents(dollarsOf(100, 'defaults'))} for a million events from 100 events a second on, $${cents(dollarsOf(10, 'defaults'))} at ten and $${cents(dollarsOf(1, 'defaults'))} at one`,
    sentence('README.md')`With many events a message it is $${packed[1] ?? ''} to $${packed[0] ?? ''}`,
    inPage`20 saves $${cents(window)} for a million events at one event a second`,
    inPage`take twelve days: $${cents(window * EVENTS_A_MONTH_AT_ONE_A_SECOND)} a month`,
    inPage`More saves $${saved(1000, '`BatchSize=10000`').toFixed(3)} at 1000 events a second`,
    inPage`saves what waiting for Heap costs, $${cents(saved(1, '`MemorySize=256`'))} at one event a second and $${saved(100, '`MemorySize=256`').toFixed(3)} at 100`,
  ];
}

/** In the order of the table: with one event a message and with 50, first the function waits, then the queue. */
function aboutBacklogs({ backlogs: [waits, givesBack, packedWaits, packedGivesBack] }: Costs): readonly Sentence[] {
  const inPage = sentence('docs/operations.md');
  if (waits === undefined || givesBack === undefined || packedWaits === undefined || packedGivesBack === undefined)
    throw new Error('local/cost/result.json lacks a backlog');
  const percentLess = (less: number, than: number): string => ((1 - less / than) * 100).toFixed(0);
  return [
    inPage`giving back saves ${percentLess(givesBack.billedSeconds, waits.billedSeconds)} % of the billed time`,
    inPage`giving back would be ${percentLess(totalOf(packedGivesBack.bill), totalOf(packedWaits.bill))} % cheaper`,
  ];
}

/** Prices in sentences, which `local/cost/prices.ts` has with their sources. */
function aboutPrices(): readonly Sentence[] {
  const inPage = sentence('docs/operations.md');
  const million = (price: { readonly dollars: number }): string => (price.dollars * 1e6).toFixed(2);
  const one = ({ dollars }: { readonly dollars: number }): string => dollars.toFixed(2);
  const oneByOne = 1e6 * PRICES.sqsRequest.dollars * 0.9;
  return [
    inPage`$${one(PRICES.metricMonth)} for each custom metric`,
    inPage`$${one(PRICES.alarmMonth)} for each alarm`,
    inPage`$${String(PRICES.dashboardMonth.dollars)} for each dashboard beyond the first three`,
    inPage`access log (\`IngestAccessLogs\`) costs $${one(PRICES.logGb)} for a GB`,
    inPage`costs $${oneByOne.toFixed(2)} more for a million`,
    inPage`about 0.17 GB, $${(0.17 * PRICES.transferGb.dollars).toFixed(3)} at $${one(PRICES.transferGb)} for a GB`,
    sentence('docs/scaling.md')`AWS charges $${million(PRICES.sqsGroup)} more for a million requests with a group`,
    sentence('README.md')`API Gateway's $${million(PRICES.httpApiRequest)} for a million requests`,
    sentence(
      'docs/decisions/0001-http-api-not-function-url.md',
    )`| $${million(PRICES.httpApiRequest)} a million requests`,
    sentence('docs/decisions/0002-no-copy-of-the-keys.md')`| $${one(PRICES.secretMonth)} a month`,
    sentence('docs/performance.md')`1) requests × $${million(PRICES.sqsRequest)} a million`,
    sentence(
      'docs/performance.md',
    )`0.5 GB × $${String(PRICES.lambdaGbSecond.dollars)} + $${million(PRICES.lambdaRequest)} a million)`,
    sentence('docs/performance.md')`÷ 10⁹ × $${one(PRICES.logGb)}`,
  ];
}

function aboutWaysIn(): readonly Sentence[] {
  const inPage = sentence('docs/ingest.md');
  const million = (price: { readonly dollars: number }): string => (price.dollars * 1e6).toFixed(2);
  const sent = (sqsDollars(1, 1, 0) / 3).toFixed(2);
  return [
    inPage`each app | $${million(PRICES.httpApiRequest)} for a million requests`,
    inPage`a webhook secret | $${million(PRICES.httpApiRequest)} for API Gateway`,
    inPage`\`EventBusName\`, a standard queue | $${million(PRICES.busEvent)} |`,
    inPage`\`SnsTopicArn\`, a standard queue | $${million(PRICES.snsPublish)} |`,
    inPage`the stream, and $${million(PRICES.pipeRequest)} for a million requests of the pipe`,
    inPage`\`sqs:SendMessage\` on the queue | $${sent}, ten in a request`,
    inPage`and credentials | $${sent} |`,
    sentence(
      'docs/lambda-destination.md',
    )`twenty invocations that wait cost $${waitingDestinations(20).toFixed(2)} an hour`,
    sentence(
      'docs/lambda-destination.md',
    )`a month: $${PRICES.alarmMonth.dollars.toFixed(2)} for each of the four alarms`,
  ];
}
