import { PRICES_READ } from '../../../local/cost/prices.ts';
import { benchFigures } from './bench.ts';
import { contractFigures } from './contract.ts';
import { costFigures } from './cost.ts';
import type { Figures } from './figures.ts';
import { randomTestFigures } from './random-tests.ts';

/** Where figures of the pages come from. */
export interface Source {
  readonly name: string;
  /** The words after `npm` that measure them. Empty if nothing is measured. */
  readonly commands: readonly (readonly string[])[];
  readonly takes: string;
  /** What is written into the pages from what the commands have kept. */
  readonly figures?: () => Figures;
  /** The words after `npm` that write the pages themselves without measuring anything; with `--check` they write nothing. */
  readonly pages?: readonly string[];
}

export const SOURCES: readonly Source[] = [
  {
    name: 'bench',
    commands: [
      ['run', '-s', 'bench', '--', '--save'],
      ['run', '-s', 'bench', '--', '--only', 'hostile-memory,backfill', '--save'],
    ],
    takes: 'about ten minutes',
    figures: benchFigures,
  },
  { name: 'cost', commands: [['run', '-s', 'cost', '--', '--save']], takes: 'half a minute', figures: costFigures },
  { name: 'contract', commands: [], takes: 'nothing: it counts what would be sent', figures: contractFigures },
  { name: 'random-tests', commands: [], takes: 'nothing: it reads what the tests do', figures: randomTestFigures },
  {
    name: 'comparison',
    commands: [['run', '-s', 'simulate', '--', '--write']],
    takes: 'more than half an hour',
    pages: ['run', '-s', 'simulate', '--', '--page'],
  },
  { name: 'outputs', commands: [], takes: 'ten seconds', pages: ['run', '-s', 'docs:outputs', '--'] },
];

/** Figures that no command here makes again, where they stand, and what they come from. */
export const NOT_MADE_HERE: readonly Readonly<Record<'what' | 'where' | 'from', string>>[] = [
  {
    what: 'prices of AWS',
    where: 'docs/operations.md#where-the-prices-come-from',
    from: `the pages that the table there names, on ${PRICES_READ}; local/cost/prices.ts has them`,
  },
  {
    what: 'limits of Heap, SQS, Lambda, API Gateway and RudderStack',
    where: 'docs/scaling.md, docs/guarantees.md, docs/ingest.md, docs/lambda-destination.md',
    from: 'their documentation, which the pages link; lib/heap/api.ts and lib/sqs/limits.ts have those that the code keeps',
  },
  {
    what: 'how long Heap takes to answer (300 ms), and SQS (25 ms)',
    where: 'docs/operations.md#what-it-costs, docs/lambda-destination.md#what-it-costs',
    from: 'an assumption; to measure it would take an account',
  },
  {
    what: 'how long a deployment and a rollout take',
    where: 'docs/deploy.md, docs/operations.md#change',
    from: 'the pauses that template.yaml sets; to measure it would take an account',
  },
  {
    what: 'profiles and experiments',
    where: 'docs/performance.md, from "Where the time goes" on',
    from: 'one measurement each, as the page says, with code that was not kept',
  },
  {
    what: 'the mapping beside RudderStack’s own code',
    where: 'docs/performance.md#beside-rudderstacks-own-code',
    from: 'npm run bench -- --only rudderstack, which needs a clone of rudder-transformer',
  },
  {
    what: 'how long npm ci, npm start and npm test take',
    where: 'README.md#try-it-on-your-machine',
    from: '`time`, on the machine that the page names',
  },
];
