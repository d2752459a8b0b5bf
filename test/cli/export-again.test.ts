import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readTemplate } from '../../infra/template.ts';
import { toLine } from '../../cli/dead-letters/export.ts';
import { readDeadLetter } from '../../cli/dead-letters/read-dead-letter.ts';
import { createLocalClient, createLocalQueues, drain } from '../../local/queues.ts';
import { environmentFor, heapq } from '../support/heapq.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';

/** What an export writes is what enqueue sends, to the letter. */
const file = join(mkdtempSync(join(tmpdir(), 'export-')), 'dead-letters.ndjson');

/** Returns the bodies after an export and an enqueue of it. Events are parsed, since enqueue may write a character as an escape. */
async function loadedAgain(bodies: readonly string[]): Promise<readonly unknown[]> {
  writeFileSync(file, bodies.map((Body) => toLine(readDeadLetter({ MessageId: 'id', Body }))).join(''));
  const client = createLocalClient(sqsEndpoint());
  const queues = await createLocalQueues(client, sqsEndpoint(), readTemplate('template.yaml'), randomUUID());
  const args = ['enqueue', file, '--no-checkpoint', '--events-per-message', '1'];
  expect(await heapq(args, environmentFor(queues))).toMatchObject({ code: 0, error: '' });
  const messages = await drain(client, queues.queueUrl);
  client.destroy();
  return inOrder(messages.map(({ Body = '' }) => unpacked(Body)));
}

const unpacked = (body: string): string =>
  body.startsWith('H4sI') ? gunzipSync(Buffer.from(body, 'base64')).toString('utf8') : body;
const valueOf = (body: string): unknown => (body.startsWith('{') ? JSON.parse(body) : body);
const byText = (one: unknown, other: unknown): number => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);

/** SQS keeps no order. */
const inOrder = (bodies: readonly string[]): readonly unknown[] => bodies.map(valueOf).toSorted(byText);

const units = Array.from({ length: 0x1_00_00 }, (_, unit) => unit);
/** What SQS takes in a body: not most control characters, U+FFFE, U+FFFF and lone surrogates. */
const inBody = units
  .filter((unit) => (unit >= 0x20 || [9, 10, 13].includes(unit)) && unit < 0xff_fe && !isSurrogate(unit))
  .map((unit) => String.fromCharCode(unit));
/** JSON allows these in a string as they are. */
const inString = inBody.filter((character) => !['\t', '\n', '\r', '"', '\\'].includes(character));

function isSurrogate(unit: number): boolean {
  return unit >= 0xd8_00 && unit <= 0xdf_ff;
}

/** A hundred to a body, so that a failure shows where it is. */
function inHundreds<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / 100) }, (_, index) =>
    items.slice(index * 100, index * 100 + 100),
  );
}

test('every character of the basic plane, in an event', async () => {
  const bodies = inHundreds(inString).map((some) => `{"type":"track","event":"${some.join('')}"}`);
  expect(await loadedAgain(bodies)).toEqual(inOrder(bodies));
});

test('every code unit as an escape, lone surrogates among them, in an event', async () => {
  const escape = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;
  const bodies = inHundreds(units).map((some) => `{"type":"track","event":"${some.map(escape).join('')}"}`);
  expect(await loadedAgain(bodies)).toEqual(inOrder(bodies));
});

test('every character of the basic plane, in a body that is not JSON', async () => {
  const bodies = inHundreds(inBody).map((some) => `not JSON: ${some.join('')}`);
  expect(await loadedAgain(bodies)).toEqual(inOrder(bodies));
});

test('text beyond the basic plane, as an event and as a body that is not JSON', async () => {
  const character = fc.integer({ min: 0x1_00_00, max: 0x10_ff_ff }).map((code) => String.fromCodePoint(code));
  const odd = fc.constantFrom('\u2028', '\u2029', '\u0085', '\uFEFF', 'a');
  const texts = fc.sample(fc.array(fc.oneof(character, odd), { minLength: 1, maxLength: 20 }), 200);
  const bodies = texts.flatMap((one) => [`{"type":"track","event":"${one.join('')}"}`, `not JSON ${one.join('')}`]);
  expect(await loadedAgain(bodies)).toEqual(inOrder(bodies));
});
