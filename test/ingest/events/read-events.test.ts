import fc from 'fast-check';
import {
  MOST_EVENTS,
  readAtOnce,
  readEvents,
  readOneByOne,
  type PostedRoute,
} from '../../../lib/ingest/events/read-events.ts';

const BATCH: PostedRoute = { kind: 'batch', authentication: 'header' };
const WEBHOOK: PostedRoute = { kind: 'webhook', authentication: 'webhook' };
const TRACK: PostedRoute = { kind: 'event', authentication: 'header', type: 'track' };

/** Everything that reading a body gives, in a form that can be compared. */
function contents(read: ReturnType<typeof readAtOnce>): unknown {
  if (read === undefined || read.kind === 'refused') return read;
  const elements = [...read.elements].map((element) => ({ ...element, text: element.text(), characters: 'about' }));
  return { elements, sentAt: read.sentAt, text: read.text() };
}

/** Each element: the event, or why it is none and its text. */
function outcomes(route: PostedRoute, text: string): readonly unknown[] {
  const read = readEvents(route, text);
  if (read.kind === 'refused') return [`refused: ${read.reason}`, read.detail];
  return [...read.elements].map((one) => (one.kind === 'event' ? one.event : [one.reason, one.detail, one.text()]));
}

const good = { userId: 'u', event: 'A' };
const GOOD = JSON.stringify(good);
const deep = (levels: number): string => `{"userId":"u","a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

describe('an element that cannot be used is rejected with its text, and the others go on', () => {
  test.each<[what: string, element: string, reason: string, detail: string]>([
    ['null', 'null', 'no_event', 'is not a JSON object'],
    ['a number that a double cannot hold', '12345678901234567890', 'no_event', 'is not a JSON object'],
    ['a list', `[${GOOD}]`, 'no_event', 'is not a JSON object'],
    ['an event of nobody', '{"event": "A"}', 'missing_identity', 'has no userId and no anonymousId'],
    [
      'a key __proto__',
      '{"userId":"u","__proto__":{}}',
      'forbidden_key',
      'has a key named __proto__, which is never passed on',
    ],
    ['deep nesting', deep(201), 'too_deep', 'is nested more than 200 levels deep'],
    ['NaN', '{"userId":"u","p":NaN}', 'not_json', 'is not valid JSON, at position 18 (line 1 column 19) of it'],
    [
      'a decimal comma',
      '{"userId":"u","p":9,99}',
      'not_json',
      'is not valid JSON, at position 20 (line 1 column 21) of it',
    ],
    ['a trailing comma', '{"userId":"u",}', 'not_json', 'is not valid JSON, at position 14 (line 1 column 15) of it'],
    [
      'brackets of two kinds',
      '{"userId":["u"}}',
      'not_json',
      'is not valid JSON, at position 14 (line 1 column 15) of it',
    ],
    ['nothing', '', 'not_json', 'is not valid JSON, at position 0 (line 1 column 1) of it'],
    ['a no-break space', `\u00a0${GOOD}`, 'not_json', 'is not valid JSON, at position 0 (line 1 column 1) of it'],
  ])('%s', (_, element, reason, detail) => {
    const rejected = [reason, `the event with index 1 ${detail}`, element];
    expect(outcomes(BATCH, `{"batch":[${GOOD}, ${element} ,${GOOD}]}`)).toEqual([good, rejected, good]);
  });

  test('the webhook takes an event of nobody', () => {
    expect(outcomes(WEBHOOK, `[{"event":"A"},null]`)).toEqual([
      { event: 'A' },
      ['no_event', 'the event with index 1 is not a JSON object', 'null'],
    ]);
  });

  test('more values than the forwarder reads of one record', () => {
    const huge = `{"userId":"u","a":[${'0,'.repeat(600_000)}0]}`;
    const [first, second] = outcomes(BATCH, `{"batch":[${GOOD},${huge}]}`);
    expect(first).toEqual(good);
    expect(second).toEqual(['too_large', 'the event with index 1 has more than 524288 JSON values', huge]);
    expect(outcomes(TRACK, huge)).toEqual([['too_large', 'the body has more than 524288 JSON values', huge]]);
  });
});

describe('a body is refused as a whole', () => {
  test.each<[what: string, route: PostedRoute, text: string, reason: string, detail: string | undefined]>([
    [
      'if it is cut off in its first element',
      BATCH,
      '{"batch":[{"userId":"u"',
      'not_json',
      'at position 23 (line 1 column 24)',
    ],
    [
      'if it is cut off in front of it',
      BATCH,
      '{"sentAt":1,"batch":[ ',
      'not_json',
      'at position 22 (line 1 column 23)',
    ],
    [
      'if it is cut off, and what is in front of the list is not valid',
      BATCH,
      `{"a":NaN,"batch":[${GOOD},{`,
      'not_json',
      'at position 5 (line 1 column 6)',
    ],
    ['if it is cut off and a list', BATCH, `[${GOOD},{`, 'not_json', 'at position 29 (line 1 column 30)'],
    ['if a bracket closes too much', BATCH, `{"batch":[${GOOD}]]}`, 'not_json', 'at position 37 (line 1 column 38)'],
    ['if something follows', BATCH, `{"batch":[${GOOD}]}x`, 'not_json', 'at position 38 (line 1 column 39)'],
    [
      'if what is around the list is not valid',
      BATCH,
      `{"batch":[${GOOD}],"sentAt":NaN}`,
      'not_json',
      'at position 47 (line 1 column 48)',
    ],
    ['if there is no list', BATCH, GOOD, 'empty_batch', undefined],
    ['if there is no list, and no JSON', BATCH, '{"userId":NaN}', 'not_json', 'at position 10 (line 1 column 11)'],
    ['if the list is empty', BATCH, '{"batch":[ ]}', 'empty_batch', undefined],
    [
      'if a later batch is no list',
      BATCH,
      `{"batch":[${GOOD}],"batch":NaN}`,
      'not_json',
      'at position 46 (line 1 column 47)',
    ],
    ['if it is a list', BATCH, `[${GOOD}]`, 'empty_batch', undefined],
    [
      'if it is nested without an end',
      BATCH,
      '['.repeat(300),
      'too_deep',
      'the body is nested more than 200 levels deep',
    ],
    [
      'if what is around the list is nested too deep',
      BATCH,
      `{"batch":[${GOOD}],"a":${deep(201)}}`,
      'too_deep',
      'the body is nested more than 200 levels deep',
    ],
    [
      'if what is around very many values is not valid',
      BATCH,
      `{"batch":[{"a":[${'0,'.repeat(600_000)}0]}],"sentAt":NaN}`,
      'not_json',
      'in what is around the events',
    ],
    [
      'if very many values are around the list',
      BATCH,
      `{"batch":[${GOOD}],"a":[${'0,'.repeat(600_000)}0]}`,
      'request_too_large',
      'the body has more than 524288 JSON values',
    ],
    [
      'if it has too many events',
      BATCH,
      `{"batch":[${'{},'.repeat(MOST_EVENTS)}{}]}`,
      'too_many_events',
      'the batch has 100001 events, the limit is 100000',
    ],
  ])('%s', (_, route, text, reason, detail) => {
    expect(outcomes(route, text)).toEqual([`refused: ${reason}`, detail]);
  });
});

test('of several lists of one name the last counts, also if an element is broken', () => {
  expect(outcomes(BATCH, `{"batch":[null,{"x":[1]}],"\\u0062atch":[${GOOD},{"a":.5}]}`)).toEqual([
    good,
    ['not_json', 'the event with index 1 is not valid JSON, at position 5 (line 1 column 6) of it', '{"a":.5}'],
  ]);
});

test('an array that follows the value of batch, or is within it, is not the list', () => {
  expect(outcomes(BATCH, `{"batch":{"a":[${GOOD}]},"b":[${GOOD}]}`)).toEqual(['refused: empty_batch', undefined]);
  expect(outcomes(BATCH, `{"batch":x[${GOOD}]}`)).toEqual(['refused: not_json', 'at position 9 (line 1 column 10)']);
  expect(outcomes(BATCH, `{"batch":[${GOOD}][${GOOD},NaN]}`)).toEqual([
    'refused: not_json',
    'at position 37 (line 1 column 38)',
  ]);
});

test('an event of RudderStack’s servers may have a broken field of the name batch', () => {
  const text = '{"type":"track","userId":"u","batch":[NaN]}';
  expect(outcomes(WEBHOOK, text)).toEqual([['not_json', 'at position 38 (line 1 column 39)', text]]);
});

describe('a batch that is cut off: its complete elements are taken, and what follows them is kept', () => {
  const endsWithin = (index: number, place: string): string =>
    `the event with index ${index} is not valid JSON, at position ${place} of it, and the body ends within it`;
  test.each<[what: string, rest: string, detail: string]>([
    ['in an element', '{"userId":"u"', endsWithin(1, '13 (line 1 column 14)')],
    ['in an element that is a string', '"u,', endsWithin(1, '3 (line 1 column 4)')],
    ['in a string with brackets', '{"a":"]}]}', endsWithin(1, '10 (line 1 column 11)')],
    ['in an escape', '{"a":"\\', endsWithin(1, '7 (line 1 column 8)')],
    [
      'not at all, but a quote is missing',
      `{"a":"b},${GOOD}],"sentAt":"2026"}`,
      endsWithin(1, '11 (line 1 column 12)'),
    ],
  ])('%s', (_, rest, detail) => {
    expect(outcomes(BATCH, `{"batch":[${GOOD}, ${rest}\n`)).toEqual([good, ['not_json', detail, rest]]);
  });

  test.each(['', ',', ' , ', ' ]', ']\n'])('after an element and %j nothing else is kept', (end) => {
    expect(outcomes(BATCH, `{"batch":[${GOOD}${end}`)).toEqual([good]);
  });

  test('if one bracket is missing, the last one stands for it', () => {
    const rest = `{"a":1, ${GOOD}]`;
    const detail = 'the event with index 1 is not valid JSON, at position 8 (line 1 column 9) of it';
    expect(outcomes(BATCH, `{"batch":[${GOOD},${rest}}`)).toEqual([good, ['not_json', detail, rest]]);
  });

  test('but of RudderStack’s servers it is one element, which is no event', () => {
    const text = `{"batch":[${GOOD},{`;
    expect(outcomes(WEBHOOK, text)).toEqual([['not_json', 'at position 38 (line 1 column 39)', text]]);
  });

  test.each(['],"sentAt":"2026', `]{"batch":[${GOOD}]}`, `],"a":"b,"batch":[${GOOD}]}`])(
    'what follows the list is kept: %s',
    (rest) => {
      const detail = 'the body is cut off after its last event';
      expect(outcomes(BATCH, `{"batch":[${GOOD} ${rest}`)).toEqual([good, ['not_json', detail, rest]]);
    },
  );

  test('its own time counts if it stands before the events', () => {
    expect(readEvents(BATCH, `{"sentAt":"2026","batch":[${GOOD},{`)).toMatchObject({ sentAt: '2026' });
    expect(readEvents(BATCH, `{"batch":[${GOOD}],"sentAt":"2026"`)).toMatchObject({ sentAt: undefined });
  });

  test('very many values in its rest are not parsed to find a position', () => {
    const rest = `{"a":[${'0,'.repeat(600_000)}0]`;
    expect(outcomes(BATCH, `{"batch":[${GOOD},${rest}`)).toEqual([
      good,
      ['not_json', 'the event with index 1 is not valid JSON, and the body ends within it', rest],
    ]);
  });

  test('wherever it is cut off', () => {
    const one = fc.dictionary(fc.stringMatching(/^["\\{\],]{0,3}$/), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 });
    const head = '{"sentAt":"2026","batch":[ ';
    const tail = ' ],"a":[{"b":"c"}]}';
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 3 }), fc.constantFrom(undefined, 1), (given, space) => {
        const texts = given.map((members) => JSON.stringify({ ...members, userId: 'u' }, undefined, space));
        const body = `${head}${texts.join(' ,\n')}${tail}`;
        /** Where each element ends. */
        const ends = texts.map((_, index) => head.length + texts.slice(0, index + 1).join(' ,\n').length);
        const lengths = Array.from({ length: body.length - head.length }, (_, more) => head.length + more);
        const expected = lengths.map((length) => {
          const complete = ends.filter((end) => end <= length).length;
          const rest = body.slice(ends[complete - 1] ?? 0, length);
          // Commas, brackets and blanks between two elements, and after the last, say nothing.
          const kept = rest.replace(complete < texts.length ? /^[\s,]+/ : /^[\s\]}]+$/, '').trim();
          return complete === 0
            ? 'not_json'
            : [...texts.slice(0, complete), ...(kept === '' ? [] : [`not_json ${kept}`])];
        });
        const found = lengths.map((length) => {
          const read = readEvents(BATCH, body.slice(0, length));
          if (read.kind === 'refused') return read.reason;
          return [...read.elements].map((it) => (it.kind === 'event' ? it.text() : `${it.reason} ${it.text()}`));
        });
        expect(found).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});

/** Values that may stand in a batch, with layouts, duplicate keys and a type. */
const body = fc
  .record({
    elements: fc.array(fc.oneof(fc.constant(good), fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()), {
      maxLength: 5,
    }),
    more: fc.dictionary(fc.constantFrom('sentAt', 'type', 'a', 'batch', '\u0000"'), fc.jsonValue()),
    wraps: fc.constantFrom('batch', 'list', 'none'),
    isFirst: fc.boolean(),
    space: fc.constantFrom(undefined, 1, '\t'),
  })
  .map(({ elements, more, wraps, isFirst, space }) => {
    const object = isFirst ? { batch: elements, ...more } : { ...more, batch: elements };
    return JSON.stringify(wraps === 'batch' ? object : wraps === 'list' ? elements : more, undefined, space);
  });
const route = fc.constantFrom(BATCH, WEBHOOK);

test('reading at once and one by one give the same for every valid body', () => {
  fc.assert(
    fc.property(body, route, (text, given) => {
      expect(contents(readOneByOne(given, text))).toEqual(contents(readAtOnce(given, text)));
    }),
    { numRuns: 500 },
  );
});

test('whatever is done to one element, the others stay as they are, and its text is kept', () => {
  const elements = fc.array(fc.dictionary(fc.stringMatching(/^[a-z"\\{\]]*$/), fc.jsonValue()), {
    minLength: 1,
    maxLength: 6,
  });
  // Nothing that opens or closes only a bracket or a string: that would move the ends of the elements.
  const damage = fc.constantFrom(
    'NaN',
    ' Infinity',
    '9,99',
    '\u00a0',
    '\\u00zz',
    '/**/',
    ':',
    '\u0001',
    '[{}]',
    '""',
    '{]',
  );
  fc.assert(
    fc.property(elements, damage, fc.nat(), fc.nat(), route, (given, inserted, which, where, path) => {
      const texts = given.map((one) => JSON.stringify({ ...one, userId: 'u' }));
      const index = which % texts.length;
      const own = texts[index] ?? '';
      const places = gapsIn(own);
      const at = places[where % places.length] ?? 1;
      const withDamage = texts.with(index, own.slice(0, at) + inserted + own.slice(at));
      const list = `[${withDamage.join(', ')}]`;
      const read = readEvents(path, path === BATCH ? `{"batch":${list}}` : list);
      const found = read.kind === 'refused' ? [] : [...read.elements];
      expect(found.map((one) => one.text())).toEqual(withDamage);
      const others = found.toSpliced(index, 1).map((one) => (one.kind === 'event' ? one.event : one));
      expect(others).toEqual(texts.toSpliced(index, 1).map((one): unknown => JSON.parse(one)));
    }),
    { numRuns: 500 },
  );
});

/** The places between two characters of an object's text, within its braces and outside of its strings. */
function gapsIn(text: string): readonly number[] {
  const gaps: number[] = [];
  let isInString = false;
  for (let at = 1; at < text.length; at += 1) {
    const before = text[at - 1];
    if (before === '"') isInString = !isInString;
    else if (isInString && before === '\\') at += 1;
    if (!isInString) gaps.push(at);
  }
  return gaps;
}
