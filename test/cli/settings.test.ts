import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { checkStack } from '../../cli/settings/check.ts';
import { destinationConfigIn } from '../../cli/settings/destination-config.ts';
import { samParameter, settingsJson, shellWord, tomlString } from '../../cli/settings/sam-words.ts';
import { readTemplate } from '../../infra/template.ts';
import type { ParameterValues } from '../../infra/resolve-template.ts';
import { readSettingsFromEnvironment } from '../../lib/rudderstack/settings-from-environment.ts';
import { heapq } from '../support/heapq.ts';
import { readOverrides } from '../support/sam-overrides.ts';

const template = readTemplate(join(__dirname, '..', '..', 'template.yaml'));
const check = (config: object, parameters: ParameterValues = {}, stackName = 'rudderstack-heap') =>
  checkStack(template, { appId: '12', ...config }, parameters, stackName, 'heap.json');

/** What the words mean to a shell. */
function wordsOf(text: string): readonly string[] {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' });
  return printed.split('\0').slice(0, -1);
}

describe('the words for sam deploy', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.constantFrom(
      '{{ message.x || "d" }}',
      'a\\',
      '\\"',
      "it's",
      ' A=b ',
      '\n',
      '"',
      '\\ ',
      '😀',
      '$(x)`y`!',
      '\u007f',
    ),
    fc.constantFrom('ParameterKey=a,ParameterValue=b', '\u2028', '\ud83d', '\\\\"'),
  );
  const settings = fc.dictionary(text, fc.oneof(text, fc.array(text)), { maxKeys: 4 });

  test('arrive as the same settings, whatever is in them', () => {
    fc.assert(
      fc.property(settings, (given) => {
        const json = settingsJson(given);
        // A string of TOML or a word of a shell has neither of these.
        expect(json).not.toMatch(/['\n\u007f]/);
        const overrides = [samParameter('DestinationConfig', json), samParameter('Ingest', 'true')];
        for (const words of [overrides, [overrides.join(' ')]]) {
          const read = readOverrides(words);
          expect(read).toEqual({ DestinationConfig: json, Ingest: 'true' });
          expect(JSON.parse(read['DestinationConfig'] ?? '')).toEqual(JSON.parse(JSON.stringify(given)));
        }
      }),
    );
  });

  test('are words of a shell, also with apostrophes, spaces and empty values', () => {
    const given = { Description: "it's a b", Empty: '', Url: 'https://x/y?z=1&w=$HOME', Plain: 'eu' };
    const overrides = Object.entries(given).map(([name, value]) => samParameter(name, value));
    const words = wordsOf(overrides.map(shellWord).join(' '));
    expect(words).toEqual(overrides);
    expect(readOverrides(words)).toEqual(given);
    expect([tomlString('a'), tomlString("a'")]).toEqual(["'a'", "'''a''''"]);
  });

  test.each([
    ['DestinationConfig={"appId":"12"}', '{'],
    ['DestinationConfig="{"appId":"12"}"', '{'],
    ['DestinationConfig="{\\"appId\\":\\"{{ message.x }}\\"}"', '{"appId":"{{ message.x }}"}'],
  ])('without this command, %s arrives as %s', (word, arrives) => {
    expect(readOverrides([word])).toMatchObject({ DestinationConfig: arrives });
  });
});

describe('a check of settings', () => {
  test('passes on only the keys that the functions read, which read them alike', () => {
    const appId = '{{ message.context.app || "it\'s \\"d\\"" }}';
    const config = { appId, dataResidency: 'eu', placeholderIds: ['ä "b"'], foo: 1 };
    const checked = check(config, { Ingest: 'true' });
    if (checked.kind !== 'starts') throw new Error(checked.problems.join(' '));
    expect(checked.ignored).toEqual(['foo']);
    const { DestinationConfig: json, ...others } = readOverrides(checked.overrides);
    expect(others).toEqual({ Ingest: 'true' });
    expect(readSettingsFromEnvironment({ DESTINATION_CONFIG: json })).toEqual(checked.settings);
    expect(checked.settings).toMatchObject({ appId: { kind: 'from_event' }, dataResidency: 'eu' });
  });

  test.each<[string, object, ParameterValues, string, RegExp]>([
    ['a value that is not allowed', {}, { Ingest: 'yes' }, 'a', /^Ingest: one of true, false\.$/],
    ['a number that is too large', {}, { RetryHours: '145' }, 'a', /^RetryHours: a number from 1 to 144\.$/],
    ['a wrong setting', { dataResidency: 'mars' }, {}, 'a', /dataResidency has to be "us" or "eu", in heap\.json\.$/],
    [
      'a misspelt setting',
      { dataResidancy: 'eu' },
      {},
      'a',
      /dataResidancy is not known \(did you mean dataResidency\?\), in heap\.json\.$/,
    ],
    ['no app id', { appId: '' }, {}, 'a', /appId is required/],
    ['what a browser could not obey', { useNativeSDK: { web: true }, consentManagement: { Web: [] } }, {}, 'a', /Web/],
    [
      'too many bytes',
      { placeholderIds: ['ä'.repeat(1500)] },
      {},
      'a',
      /3\d{3} bytes; the functions have room for 3000/,
    ],
    ['a rule of the template', {}, { SubnetIds: 'subnet-1' }, 'a', /SecurityGroupIds/],
    ['a parameter that does not exist', {}, { Ingst: 'true' }, 'a', /Ingst is not a parameter/],
    ['a value that is not allowed', {}, { BatchSize: '20000' }, 'a', /BatchSize/],
    ['a long name', {}, {}, 'a'.repeat(65), /81 characters, and SQS allows 80\. Use at most 64/],
    ['a long name with FIFO', {}, { FifoQueue: 'true' }, 'a'.repeat(60), /Use at most 59/],
    ['a name that is none', {}, {}, 'a_b', /a_b is no name for a stack/],
    [
      'an existing FIFO queue behind EventBridge',
      {},
      { ExistingQueueArn: 'arn:aws:sqs:us-east-1:123456789012:q.fifo', EventBusName: 'b' },
      'a',
      /^EventBridge and SNS .+ Use a standard queue/,
    ],
    [
      'an existing FIFO queue behind the Lambda destination',
      {},
      { ExistingQueueArn: 'arn:aws:sqs:us-east-1:123456789012:q.fifo', LambdaDestination: 'true' },
      'a',
      /FIFO queue\. Use a standard queue with LambdaDestination\.$/,
    ],
    [
      'a FIFO queue of the stack behind it',
      {},
      { FifoQueue: 'true', LambdaDestination: 'true' },
      'a',
      /standard queue/,
    ],
    ['an account that is none', {}, { RudderStackAccountId: '42' }, 'a', /RudderStackAccountId/],
    ['too much concurrency', {}, { LambdaDestinationConcurrency: '1001' }, 'a', /LambdaDestinationConcurrency/],
  ])('%s is refused in one sentence', (_, config, parameters, stackName, sentence) => {
    expect(check(config, parameters, stackName)).toEqual({
      kind: 'refused',
      problems: [expect.stringMatching(sentence)],
    });
  });

  test.each([
    ['a Config', { appId: '1' }],
    ['what the API of RudderStack answers', { destination: { id: 'd', config: { appId: '1' } } }],
    ['a destination', { name: 'Heap', config: { appId: '1' } }],
    ['a destination of the transformer', { ID: 'd', Config: { appId: '1' } }],
    [
      'a workspace',
      {
        sources: [1, 2].map(() => ({
          destinations: [
            { destinationDefinition: { name: 'HEAP' }, config: { appId: '1' } },
            { destinationDefinition: { name: 'S3' }, config: { bucketName: 'b' } },
          ],
        })),
      },
    ],
  ])('finds the settings in %s', (_, file) => {
    expect(destinationConfigIn(file, 'f')).toEqual({ appId: '1' });
  });

  test('two Heap destinations in one file have to be told apart', () => {
    const destinations = ['1', '2'].map((appId) => ({ destinationDefinition: { name: 'HEAP' }, config: { appId } }));
    expect(() => destinationConfigIn({ sources: [{ destinations }] }, 'f')).toThrow('f has 2 Heap destinations');
  });
});

describe('the command', () => {
  const file = (content: string): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'settings-')), 'settings.json');
    writeFileSync(path, content);
    return path;
  };

  test('prints words that a shell and samconfig.toml take', async () => {
    const path = file('{"appId":"{{ message.app || \\"1\\" }}","other":true}');
    const { code, out } = await heapq(['settings', path, 'AlarmEmail=you@example.com'], {});
    expect(code).toBe(0);
    expect(out).toContain('Left out, because the functions do not read them: other.');
    const line = /^sam deploy --parameter-overrides (.+)$/m.exec(out)?.[1] ?? '';
    const toml = /^parameter_overrides = '(.+)'$/m.exec(out)?.[1] ?? '';
    const expected = {
      DestinationConfig: String.raw`{"appId":"{{ message.app || \u00221\u0022 }}"}`,
      AlarmEmail: 'you@example.com',
    };
    expect(readOverrides(wordsOf(line))).toEqual(expected);
    expect(readOverrides([toml])).toEqual(expected);
  });

  test('takes a file with a byte order mark, as editors on Windows write it', async () => {
    expect(await heapq(['settings', file('\uFEFF{"appId":"1"}\r\n')], {})).toMatchObject({ code: 0, error: '' });
  });

  test('names a file that does not exist', async () => {
    const { code, error } = await heapq(['settings', '/nonexistent/settings.json'], {});
    expect([code, error]).toEqual([2, expect.stringContaining('/nonexistent/settings.json: there is no such file')]);
  });

  test('says what is wrong, one sentence a line, and ends with 1', async () => {
    const { code, out, error } = await heapq(['settings', file('{"appId":""}'), 'SubnetIds=subnet-1'], {});
    expect([code, out]).toEqual([1, '']);
    expect(error.trim().split('\n')).toEqual([
      expect.stringContaining('appId is required'),
      expect.stringContaining('SecurityGroupIds'),
    ]);
  });
});
