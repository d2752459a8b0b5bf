/** The beginning of docs/comparison.md: what is compared, assumed and left out. */
export const PREFACE = `# A year of trouble, simulated

This page says what a year of incidents does to the events of a middle-sized site: with this project, with RudderStack's own delivery, and with two
usual Lambda functions. It is a simulation in virtual time, not a measurement in an account. It was made by one command, and no figure on it is
written by hand:

\`\`\`sh parsed
npm run simulate -- --write             # runs everything, and remakes this page, the charts and simulation/results.json
npm run simulate -- --system forwarder --write    # after a change in lib/: the others keep their results
npm run simulate -- --scenario out36 --seed 1     # one incident, printed
npm run simulate -- --quick                       # everything with a tenth of the traffic, for a first look
\`\`\`

The year takes about eleven minutes for each seed, one run after the other, on a machine with two busy cores.

## What is compared

- **This project** is the real handler of \`lib/\`, with the settings of \`template.yaml\`: batches of 1000 records or 5 s, two invocations at once, retries
  for 48 hours, 512 MB.
- **RudderStack's router** is its retry policy, rule by rule, as in rudder-server \`f2655fb\` (\`router/misc.go\`, \`handle.go\`, \`handle_lifecycle.go\`,
  \`network.go\`, \`config/config.yaml\`): 64 workers, one request for each event, order for each user, waits from 10 s to 300 s, aborted after 3 hours of
  5xx and 3 attempts, aborted at once after any other 4xx except for 408 and 429.
- **The sample Lambda** is the function of AWS's documentation: a loop over 10 records with one \`await fetch\` each, and \`batchItemFailures\`.
- **The Powertools-style Lambda** has a BatchProcessor, which sends 10 records at once, with a timeout of 10 s.

The two functions have a timeout of 30 s, a visibility timeout of six times that, and a maxReceiveCount of 5, as AWS advises.

## What is assumed

- **Traffic**: 1.3 to 8.1 events a second over the day, two peaks of 50 a second for 5 minutes, 10 % identify calls, 20,000 users, few of whom send most
  events. Heap refuses 0.2 % of the events with 400, wherever they are sent.
- **Heap on a usual day**: half of the answers within 120 ms, 99 % within 270 ms, 0.2 ms more for each event. Nothing about it is published.
- **Heap's rate limits** are the documented ones. A request over a limit is answered 429 and counts for nothing. Heap stores all events of a request
  or none. The single form of the API has no documented limit for the app, so the systems that use it have none here.
- **How often an incident comes**, and whatever else is not in its source. Each incident says what is documented and what is assumed.
- **SQS** delivers one message in 100,000 twice, and takes 10 to 15 ms for a call. Messages come in about the order in which they were sent.
- **Lambda** polls four times a second, and at once after an invocation; replaces a container after two hours; starts with 5 invocations for a
  queue without a maximum and adds 300 a minute, up to 1000. An invocation of this project takes the CPU time of [performance.md](performance.md)
  on the share of a core that 512 MB get.

## What is not modelled

- **RudderStack's servers**: they never fail, and their throughput has no limit but 64 workers. Its transformation, its job tables and the end of the
  order of a user with more than 200 jobs at once are left out.
- **The way into the queue**: every event is in the queue, or at RudderStack's router, at its time.
- **Cold starts, throttling by Lambda**, the backoff of Lambda's pollers after errors, and the limit of 6 MB for an invocation.
- **Failures of SQS**: its calls succeed. [guarantees.md](guarantees.md) names the tests with failing queues.
- **People**: nobody redrives a dead letter, changes a setting, or stops a backfill.
- **Heap beyond its answers**: nobody knows what it drops silently.
- **Large events, several apps and FIFO queues**: there is one app, one standard queue, and events are as short as can be.
- **Failures that belong together**: when a part of the requests fails, each does so on its own.
- **What comes before an incident**: each begins with an empty queue.`;
