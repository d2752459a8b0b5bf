import { createLog, describeError, type LogLevel } from '../../lib/telemetry/log.ts';

describe('the log', () => {
  function linesAt(level: LogLevel): readonly Record<string, unknown>[] {
    const lines: string[] = [];
    const log = createLog({ service: 'stack', level }, (line) => lines.push(line));
    for (const awsRequestId of ['r-1', 'r-2']) {
      log.startInvocation({ awsRequestId, functionName: 'forward' });
      log.debug('Looked', { code: 'looked' });
      log.info('Done', { code: 'done', events: 3 });
      log.error('Failed', { code: 'failed' });
    }
    return lines.map((line) => JSON.parse(line));
  }

  test('is lines of JSON that say which invocation they are about', () => {
    expect(linesAt('INFO').filter(({ code }) => code === 'done')).toEqual(
      ['r-1', 'r-2'].map((requestId) => ({
        level: 'INFO',
        message: 'Done',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        service: 'stack',
        functionName: 'forward',
        requestId,
        isColdStart: requestId === 'r-1',
        code: 'done',
        events: 3,
      })),
    );
  });

  test.each([
    ['DEBUG', ['looked', 'done', 'failed']],
    ['INFO', ['done', 'failed']],
    ['WARN', ['failed']],
    ['ERROR', ['failed']],
  ] as const)('at level %s has lines of %j', (level, codes) => {
    expect(linesAt(level).map(({ code }) => code)).toEqual([...codes, ...codes]);
  });
});

describe('what a log may say of an error', () => {
  test('is its class and where it happened, and not its message, which may quote what it choked on', () => {
    const told = describeError(new TypeError('secret-value'));
    expect(told).toEqual({
      errorName: 'TypeError',
      stack: expect.arrayContaining([expect.stringMatching(/^at .*log\.test\.ts/)]),
    });
    expect(JSON.stringify(told)).not.toContain('secret-value');
  });

  test('is no line of its message, even if that begins as a call does', () => {
    const told = describeError(new SyntaxError('unexpected text\n    at secret-value\nat secret-value (other)'));
    expect(told.stack[0]).toMatch(/^at .*log\.test\.ts/);
    expect(JSON.stringify(told)).not.toContain('secret-value');
  });

  test('is every call, however it is written', () => {
    const error = new Error('x');
    const calls = ['at new Map (<anonymous>)', 'at async Promise.all (index 0)', 'at file:///var/task/ingest.cjs:3:14'];
    error.stack = ['Error: x', ...calls, 'at async handle (node:internal/modules/run:5:1)'].join('\n    ');
    expect(describeError(error).stack).toHaveLength(4);
  });

  test('is its type alone where it is not an error', () => {
    expect(describeError('secret-value')).toEqual({ errorName: 'string', stack: [] });
  });
});
