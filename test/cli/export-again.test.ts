import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { readItems } from '../../cli/backfill/read-items.ts';
import { toBody } from '../../cli/backfill/to-body.ts';
import { toLine } from '../../cli/dead-letters/export.ts';
import { readDeadLetter } from '../../cli/dead-letters/read-dead-letter.ts';

/** What an export writes is what enqueue reads, to the letter. */
const file = join(mkdtempSync(join(tmpdir(), 'export-')), 'dead-letters.ndjson');

async function loadedAgain(bodies: readonly string[]): Promise<readonly string[]> {
  writeFileSync(file, bodies.map((Body) => toLine(readDeadLetter({ MessageId: 'id', Body }))).join(''));
  const again: string[] = [];
  for await (const { text } of readItems(file, () => undefined)) {
    const body = toBody(text);
    again.push(body.kind === 'not_json' ? `not JSON: ${body.problem}` : body.text);
  }
  return again;
}

const units = Array.from({ length: 0x1_00_00 }, (_, unit) => unit);
/** What SQS takes in a body: not most control characters, U+FFFE, U+FFFF and lone surrogates. */
const inBody = units
  .filter(
    (unit) => (unit >= 0x20 || [9, 10, 13].includes(unit)) && unit < 0xff_fe && (unit < 0xd8_00 || unit > 0xdf_ff),
  )
  .map((unit) => String.fromCharCode(unit));
/** JSON allows these in a string as they are. */
const inString = inBody.filter((character) => !['\t', '\n', '\r', '"', '\\'].includes(character));

/** A hundred to a body, so that a failure shows where it is. */
function inHundreds<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / 100) }, (_, index) =>
    items.slice(index * 100, index * 100 + 100),
  );
}

test('every character of the basic plane, in an event', async () => {
  const bodies = inHundreds(inString).map((some) => `{"type":"track","event":"${some.join('')}"}`);
  expect(await loadedAgain(bodies)).toEqual(bodies);
});

test('every code unit as an escape, lone surrogates among them, in an event', async () => {
  const escape = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;
  const bodies = inHundreds(units).map((some) => `{"type":"track","event":"${some.map(escape).join('')}"}`);
  expect(await loadedAgain(bodies)).toEqual(bodies);
});

test('every character of the basic plane, in a body that is not JSON', async () => {
  const bodies = inHundreds(inBody).map((some) => `not JSON: ${some.join('')}`);
  expect(await loadedAgain(bodies)).toEqual(bodies);
});

test('any text beyond the basic plane, as an event and as a body that is not JSON', async () => {
  const character = fc.integer({ min: 0x1_00_00, max: 0x10_ff_ff }).map((code) => String.fromCodePoint(code));
  const text = fc.array(fc.oneof(character, fc.constantFrom('\u2028', '\u2029', '\u0085', '\uFEFF', 'a')), {
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), async (texts) => {
      const bodies = texts.flatMap((one) => [`{"type":"track","event":"${one.join('')}"}`, `no JSON ${one.join('')}`]);
      expect(await loadedAgain(bodies)).toEqual(bodies);
    }),
  );
});
