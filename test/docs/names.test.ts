import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTemplate } from '../../infra/template.ts';
import { REFUSALS } from '../../lib/ingest/http/refusal.ts';
import { isObject, valueAt } from '../../lib/json.ts';
import { backsOff, deferred, filtered, rejected, type FilterReason } from '../../lib/outcome.ts';
import { REJECT_REASONS } from '../../lib/reject-reasons.ts';
import { createTelemetry } from '../../lib/forwarding/telemetry.ts';
import { createIngestTelemetry } from '../../lib/ingest/telemetry.ts';
import { settingKeys } from '../../lib/rudderstack/settings.ts';
import { FAILURES, isDeferReason } from '../support/defer-reasons.ts';
import { readPage, ROOT, type Page } from './pages.ts';
import { namesIn, tableUnder } from './tables.ts';

/** What the code knows by a name is documented once, and every name that a table has exists in the code. */
const reference = readPage('docs/reference.md');

/** TypeScript reports a reason that is missing here, or too much. */
const FILTERED: Readonly<Record<FilterReason, true>> = {
  integrations: true,
  unsupported_type: true,
  event_blacklisted: true,
  event_not_whitelisted: true,
  consent: true,
  device_mode: true,
  no_traits: true,
  anonymous: true,
  dropped_by_transformation: true,
};

/** The names in the first column of the table below a heading. */
const namesUnder = (heading: string, page: Page = reference): readonly string[] =>
  tableUnder(page, heading).flatMap(([first]) => namesIn(first));

/** All that a regular expression captures in the TypeScript files of the functions. */
function found(pattern: RegExp, folders = ['handlers', 'lib']): readonly string[] {
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(ROOT, folder, file)),
  );
  const names = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name = '']) => name));
  return [...new Set(names)].toSorted();
}

const TEMPLATES = ['template.yaml', 'infra/observability.yaml', 'infra/ingest.yaml', 'infra/lambda-destination.yaml'];
const resourcesOf = (file: string): [string, unknown][] =>
  Object.entries(Object(readTemplate(join(ROOT, file))['Resources']));

test.each<[string, readonly string[]]>([
  ['Filtered', Object.keys(FILTERED)],
  ['Deferred', Object.keys(FAILURES)],
  ['Outputs of the stack', Object.keys(Object(readTemplate(join(ROOT, 'template.yaml'))['Outputs']))],
  ['Metrics', found(/'([A-Z][a-z]+[A-Z][A-Za-z]+)'/g, ['lib/forwarding', 'lib/ingest', 'lib/telemetry'])],
])('docs/reference.md, %s: the names are those of the code', (heading, names) => {
  const known = names.filter((name) => !NO_METRICS.has(name));
  expect(known.length).toBeGreaterThan(5);
  expect(namesUnder(heading).toSorted()).toEqual(known.toSorted());
});

/** The other names of this form in these files. */
const NO_METRICS = new Set(['RudderStackToHeap', 'ConfigurationError']);

test('docs/reference.md says which deferred events back off', () => {
  const documented = tableUnder(reference, 'Deferred').map(([reason, , answer]) => [namesIn(reason)[0], answer]);
  const reasons = Object.keys(FAILURES).filter(isDeferReason);
  const known = reasons.map((reason) => [reason, backsOff(deferred(reason, '')) ? 'yes' : 'no']);
  expect(documented.toSorted()).toEqual(known.toSorted());
});

/** What of a line in the embedded metric format counts here. */
interface MetricLine {
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly {
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
}

test('docs/reference.md, Metrics: "also by" names the dimension that a metric has beside the service', () => {
  const lines: string[] = [];
  const settings = { service: 'stack', level: 'INFO' } as const;
  const forwarder = createTelemetry(settings, (line) => lines.push(line));
  forwarder.onAttempt({ path: '/', entries: 1, durationMs: 1, result: 200 });
  const outcomes = [
    { kind: 'delivered' } as const,
    filtered('consent'),
    rejected('no_event', ''),
    deferred('heap_error', ''),
  ];
  forwarder.reportBatch({ records: 1, outcomes, cuts: [], recordsDeferred: 1, oldestRetryAgeMs: 1 });
  const endpoint = createIngestTelemetry(settings, (line) => lines.push(line));
  endpoint.reportTaken('web', { events: 1, messages: 1, withoutTime: 1, rejected: new Map([['no_event', 1]]) });
  endpoint.reportRefusal('queue_unavailable', 1);
  endpoint.reportDeviceModeConfig();
  const written = lines.flatMap((line) => {
    const { _aws: metadata }: MetricLine = JSON.parse(line);
    return (metadata?.CloudWatchMetrics ?? []).flatMap(({ Dimensions: [names], Metrics: metrics }) => {
      const dimension = names?.[1];
      return dimension === undefined ? [] : metrics.map(({ Name: name }) => `${name} ${dimension}`);
    });
  });
  const documented = tableUnder(reference, 'Metrics').flatMap(([name, , by]) =>
    namesIn(by).map((dimension) => `${namesIn(name)[0]} ${dimension}`),
  );
  expect(documented.toSorted()).toEqual([...new Set(written)].toSorted());
});

test('docs/reference.md, Lines of the log: the codes are those of the code', () => {
  const codes = [
    ...found(/\bcode: '([a-z_]+)'/g),
    ...found(/^ {2}([a-z_]+):\s+'[A-Z][^']+\.',$/gm, ['lib/forwarding', 'lib/ingest']),
  ];
  expect(codes.length).toBeGreaterThan(8);
  expect(namesUnder('Lines of the log').toSorted()).toEqual([...new Set(codes)].toSorted());
});

test('docs/reference.md, Environment variables: the names and the functions are those of the templates', () => {
  const functions = [
    { file: 'template.yaml', name: 'forwarder' },
    { file: 'infra/ingest.yaml', name: 'HTTP' },
    { file: 'infra/lambda-destination.yaml', name: 'destination' },
  ].map(({ file, name }) => ({
    name,
    variables: resourcesOf(file).flatMap(([, resource]) => {
      const variables = valueAt(resource, ['Properties', 'Environment', 'Variables']);
      return isObject(variables) ? Object.keys(variables) : [];
    }),
  }));
  const all = [...new Set(functions.flatMap(({ variables }) => variables))];
  const known = all.map((variable) => {
    const users = functions.filter(({ variables }) => variables.includes(variable)).map(({ name }) => name);
    return [variable, users.length === functions.length ? 'all' : users.join(', ')];
  });
  const documented = tableUnder(reference, 'Environment variables').map(([first, users]) => [namesIn(first)[0], users]);
  expect(documented.toSorted()).toEqual(known.toSorted());
});

test('docs/reference.md, Alarms: each is named with the section that its text names', () => {
  const known = TEMPLATES.flatMap((file) =>
    resourcesOf(file)
      .filter(([, resource]) => valueAt(resource, ['Type']) === 'AWS::CloudWatch::Alarm')
      .map(([name, resource]) => {
        const text = JSON.stringify(valueAt(resource, ['Properties', 'AlarmDescription']));
        return [name, file, /#([\w-]+)"/.exec(text)?.[1]];
      }),
  );
  const documented = tableUnder(reference, 'Alarms').map(([name, file, section = '']) => [
    namesIn(name)[0],
    namesIn(file)[0],
    /\(operations\.md#([\w-]+)\)/.exec(section)?.[1],
  ]);
  expect(documented.toSorted()).toEqual(known.toSorted());
});

test('the README has each key of the settings once', () => {
  const keys = tableUnder(readPage('README.md'), 'Settings').flatMap(([first = '']) =>
    namesIn(first).filter((name) => /^[a-z]/.test(name)),
  );
  expect(keys.toSorted()).toEqual(settingKeys().toSorted());
});

test.each([
  ['docs/operations.md', 'Dead letters'],
  ['README.md', 'Dead letters'],
])('%s has each reason of a dead letter once', (path, heading) => {
  const named = tableUnder(readPage(path), heading).flatMap((cells) =>
    cells[0] === '`reason`' ? namesIn(cells[1]) : path === 'README.md' ? [] : namesIn(cells[0]),
  );
  expect(named.toSorted()).toEqual(Object.keys(REJECT_REASONS).toSorted());
});

test('docs/ingest.md has each answer to a refused request once, with its status and text', () => {
  const documented = tableUnder(readPage('docs/ingest.md'), 'Answers')
    .filter(([, , reason]) => namesIn(reason).length > 0)
    .map(([status, text, reason]) => [namesIn(reason)[0], Number(status), namesIn(text)[0]]);
  const known = Object.entries(REFUSALS).map(([reason, { status, text }]) => [reason, status, text]);
  expect(documented.toSorted()).toEqual(known.toSorted());
});

/** In a process of its own, because Jest does not load commander, an ES module. */
const PRINT_OPTIONS = `
  import { heapqProgram } from './cli/program.ts';
  const program = await heapqProgram();
  const all = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const { long } of all.flatMap(({ options }) => options)) console.log(long);
`;

test('docs/command-line.md names each option of heapq, and no other one', () => {
  const known = execFileSync(process.execPath, ['--input-type=module', '--eval', PRINT_OPTIONS], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  const lines = readPage('docs/command-line.md')
    // The commands with which warehouses export have options of their own.
    .text.replaceAll(/`(?:bq|gcloud|clickhouse-client) [^`]+`/g, '')
    .split('\n')
    .filter((line) => !/\baws |npm run (?!-s (?:heapq|preview|check:settings))/.test(line));
  const named = lines.flatMap((line) => line.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []);
  expect([...new Set(named)].filter((option) => option !== '--help').toSorted()).toEqual(
    [...new Set(known)].toSorted(),
  );
});
