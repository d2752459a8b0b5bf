import { createIngestTelemetry } from '../../lib/ingest/telemetry.ts';
import { ConfigurationError } from '../../lib/configuration-error.ts';

type Line = Readonly<Record<string, unknown>>;

function start() {
  const lines: Line[] = [];
  const telemetry = createIngestTelemetry({ service: 'stack', level: 'INFO' }, (line) => lines.push(JSON.parse(line)));
  return { telemetry, lines };
}

test.each([
  ['internal_error', true],
  ['keys_unavailable', true],
  ['mangled_gzip', true],
  ['queue_unavailable', true],
  ['key_undecided', false],
  ['invalid_write_key', false],
  ['not_json', false],
] as const)('a request that is refused as %s counts among those that an alarm is for: %s', (reason, isCounted) => {
  const { telemetry, lines } = start();
  telemetry.reportRefusal(reason, 12);
  expect(lines.filter((line) => 'RequestsNotTaken' in line)).toHaveLength(isCounted ? 1 : 0);
  expect(lines).toContainEqual(expect.objectContaining({ service: 'stack', reason, RefusedRequests: 1 }));
  expect(lines).toContainEqual(
    expect.objectContaining({ level: isCounted ? 'WARN' : 'INFO', code: 'request_refused', reason, bytes: 12 }),
  );
});

test('a problem has the message of a ConfigurationError, which quotes nothing, and of no other error', () => {
  const { telemetry, lines } = start();
  telemetry.reportProblem('keys_unavailable', new ConfigurationError('the parameter is missing'));
  telemetry.reportProblem('keys_stale', new SyntaxError('secret-value'));
  expect(lines).toMatchObject([
    { code: 'keys_unavailable', detail: 'the parameter is missing', errorName: 'ConfigurationError' },
    { code: 'keys_stale', errorName: 'SyntaxError' },
  ]);
  expect(lines[1]).not.toHaveProperty('detail');
});
