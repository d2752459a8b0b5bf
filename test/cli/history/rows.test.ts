import { read } from '../../support/history.ts';

const TIME = '2026-01-31T10:00:00.000Z';
const ROW = { id: 'm-1', user_id: 'u-1', received_at: TIME, original_timestamp: TIME };
const EVENT = { type: 'track', event: 'A', userId: 'u', messageId: 'm', timestamp: TIME };
const ndjson = (...values: readonly object[]): string => values.map((value) => JSON.stringify(value)).join('\n');
const csv = (...lines: readonly string[]): string => lines.join('\n');

describe('tables are told apart by their columns', () => {
  test.each([
    [
      'a page',
      { path: '/p', url: 'https://x/p', title: 'T', name: 'Pricing' },
      { type: 'page', name: 'Pricing', properties: { path: '/p', url: 'https://x/p', title: 'T' } },
    ],
    ['a group', { group_id: '007', name: 'Initech' }, { type: 'group', groupId: '007', traits: { name: 'Initech' } }],
    ['an alias', { previous_id: 'u-0' }, { type: 'alias', previousId: 'u-0' }],
  ])('%s becomes the call that it was, which the function filters as the live one', async (_, columns, call) => {
    const row = ndjson({ ...ROW, ...columns });
    const [event] = await read.events(row, { types: 'infer' });
    expect(event).toEqual({ messageId: 'm-1', userId: 'u-1', timestamp: TIME, ...call });
    expect(await read.calls(row, {}, {})).toEqual([{ kind: 'filtered', reason: 'unsupported_type' }]);
  });

  test('after a thousand identify calls a page is no identify call either', async () => {
    const people = Array.from({ length: 1001 }, () => ({ ...ROW, email: 'a@example.com' }));
    const last = await read.events(ndjson(...people, { ...ROW, path: '/p', url: 'u' }, { ...ROW, group_id: 'g' }));
    expect(last.slice(-2)).toEqual([
      expect.stringMatching(/line 1002 is a row of pages, in a file of identifies/),
      expect.stringMatching(/line 1003 is a row of groups, in a file of identifies/),
    ]);
  });

  test('the id of a call is not that of a person where the columns of ids are empty', async () => {
    const rows = ndjson({ ...ROW, user_id: null, anonymous_id: 'NULL', email: 'a@example.com', uuid_ts: TIME });
    const [event] = await read.events(rows);
    expect(event).toMatchObject({ type: 'identify', messageId: 'm-1' });
    expect(event).not.toHaveProperty('userId');
  });

  const traits = { context_traits_name: 'Ann', context_traits_title: 'CEO', context_traits_plan: 'pro' };
  const doubt = /nothing says whether they are identify calls, pages or screens\. .*--table/;

  test.each([
    ['a screen', { name: 'Home', ...traits }],
    ['a page of a server', { name: 'Pricing', title: 'Prices', url: 'https://x', ...traits }],
    [
      'a screen with a property that is a trait, too',
      { name: 'Home', plan: 'pro', context_traits_email: 'a', ...traits },
    ],
  ])('%s of a person with traits is no identify call', async (_, columns) => {
    expect(await read.refusal(ndjson({ ...ROW, ...columns }))).toMatch(doubt);
  });

  test('an identify call has all traits of the context as columns of their own', async () => {
    const rows = ndjson({ ...ROW, name: 'Ann', title: 'CEO', plan: 'pro', ...traits });
    expect(await read.events(rows)).toMatchObject([{ type: 'identify', traits: { name: 'Ann', plan: 'pro' } }]);
  });

  test.each([
    ['e-mails', csv('user_id,email,sent_at,campaign', `u,a@example.com,${TIME},c`)],
    ['orders', ndjson({ user_id: 'u', phone: '1', timestamp: TIME, total: 9 })],
  ])('a table of %s, which RudderStack has not written, is no identify call', async (_, content) => {
    expect(await read.refusal(content)).toMatch(
      /nothing says that RudderStack has written them\. .*--table identifies/,
    );
    expect(await read.events(content, { table: 'identifies' })).toMatchObject([{ type: 'identify', userId: 'u' }]);
  });

  test.each(['', 'Unnamed: 0', 'index', '_airbyte_raw_id', '__row'])(
    'the table tracks is known by its columns, also if an export has added %j',
    async (column) => {
      const lines = [`${column},id,user_id,event,event_text,received_at`, `0,m-1,u,a,A,${TIME}`, `1,m-2,u,b,B,${TIME}`];
      expect(await read.refusal(csv(...lines))).toMatch(/is the table tracks/);
    },
  );

  test('the name of the table decides where columns do not', async () => {
    const rows = ndjson({ ...ROW, url: 'https://me', path: 'left' });
    expect(await read.events(rows, { table: 'identifies' })).toMatchObject([
      { type: 'identify', userId: 'u-1', traits: { url: 'https://me', path: 'left' } },
    ]);
    expect(await read.events(rows, { table: 'pages' })).toMatchObject([{ type: 'page' }]);
  });
});

describe('an absent value', () => {
  test.each(['', '\\N', 'NULL', 'null', '(null)', 'NaT', 'NaN', '#N/A', '<NA>', '[NULL]'])(
    '%j in CSV',
    async (cell) => {
      const rows = csv('id,user_id,event,received_at,x,y', `m,${cell},a,${TIME},${cell},1`);
      const [event] = await read.events(rows);
      expect(event).toMatchObject({ properties: { y: '1' } });
      expect(event).not.toHaveProperty('userId');
      expect(event).not.toHaveProperty('properties.x');
    },
  );

  test('a text of the caller’s own', async () => {
    const rows = csv('id,user_id,event,received_at,x', `m,-,a,${TIME},-`);
    expect(await read.events(rows, { nulls: ['-'] })).toEqual([
      { type: 'track', messageId: 'm', event: 'a', timestamp: TIME, properties: {} },
    ]);
  });
});

describe('times', () => {
  test.each([
    ['1769853600', '1769853600'],
    ['2026-01-31 10:00:00 UTC', '2026-01-31 10:00:00 UTC'],
  ])('%s is read', async (cell, timestamp) => {
    const rows = csv('id,user_id,event,received_at,x', `m,u,a,${cell},1`);
    expect(await read.events(rows)).toMatchObject([{ timestamp }]);
  });

  test.each(['1/31/2026 10:00', '2026-01-31 10:00:00 America/New_York', 'yesterday', ''])(
    '%j is refused, unless the caller allows it',
    async (cell) => {
      const rows = csv('id,user_id,event,received_at,x', `m,u,a,${cell},1`);
      expect(await read.events(rows)).toEqual([
        expect.stringMatching(/line 2 has no time that can be read\..*--allow-no-time/),
      ]);
      const [event] = await read.events(rows, { allowNoTime: true });
      expect(event).toMatchObject({ type: 'track', userId: 'u' });
      expect(event).not.toHaveProperty('timestamp');
    },
  );

  test.each([
    ['MM/DD/YYYY', '1/2/2026 3:04 PM', '2026-01-02T15:04:00Z'],
    ['DD/MM/YYYY', '1/2/2026 12:04:05 AM', '2026-02-01T00:04:05Z'],
  ] as const)('with %s, %s is %s', async (dateFormat, cell, timestamp) => {
    const rows = csv('id,user_id,event,received_at,x', `m,u,a,${cell},1`);
    expect(await read.events(rows, { dateFormat })).toMatchObject([{ timestamp }]);
  });

  test('--date-format counts for events as well as for rows', async () => {
    const event = { ...EVENT, timestamp: '1/31/2026 10:00', receivedAt: '2026-02-01T00:00:00Z' };
    expect(await read.events(ndjson(event), { dateFormat: 'MM/DD/YYYY' })).toEqual([
      { ...event, timestamp: '2026-01-31T10:00:00Z' },
    ]);
  });

  test('a column that cannot be read gives way to the next one that can', async () => {
    const rows = ndjson({ ...ROW, event: 'a', x: 1, timestamp: 'soon', original_timestamp: 'later' });
    expect(await read.events(rows)).toMatchObject([{ timestamp: TIME }]);
  });

  test('an event that has the time of its arrival alone happens then, also in a batch', async () => {
    const { timestamp, ...event } = { ...EVENT, receivedAt: TIME };
    expect(await read.events(ndjson(event))).toMatchObject([{ timestamp }]);
    expect(await read.events(JSON.stringify({ batch: [event, EVENT] }))).toMatchObject([{ timestamp }, { timestamp }]);
  });
});

describe('calls that only some settings send to Heap', () => {
  const page = { type: 'page', name: 'Pricing', userId: 'u', messageId: 'm', timestamp: TIME };

  test('go to the queue as they came, and the function decides', async () => {
    for (const type of ['page', 'Screen', 'group', 'alias']) {
      const text = JSON.stringify({ ...page, type });
      expect(await read.readings(text)).toMatchObject([{ kind: 'event', text }]);
      const batch = `{"batch":[${text},${JSON.stringify(EVENT)}]}`;
      expect(await read.readings(batch)).toMatchObject([{ kind: 'body', text: batch }]);
    }
  });

  test('a page needs a time, as it may become an event', async () => {
    const { timestamp: _, ...withoutTime } = page;
    expect(await read.events(ndjson(withoutTime))).toEqual([expect.stringMatching(/has no time that can be read/)]);
    expect(await read.events(ndjson({ ...withoutTime, receivedAt: TIME }))).toMatchObject([{ timestamp: TIME }]);
  });

  test('--skip page leaves pages out, by themselves and in a batch', async () => {
    expect(await read.events(ndjson(page, EVENT), { skip: ['page'] })).toEqual(['skipped', EVENT]);
    expect(await read.events(JSON.stringify({ batch: [page, EVENT] }), { skip: ['page'] })).toEqual([EVENT]);
  });
});

describe('JSON in texts', () => {
  test.each([
    ['CSV', csv('type,event,userId,messageId,timestamp,properties', `track,A,u,m,${TIME},"{""a"":{""b"":1}}"`)],
    ['an event', ndjson({ ...EVENT, properties: '{"a":{"b":1}}' })],
    ['columns with dots', ndjson({ ...EVENT, 'properties.a.b': 1 })],
  ])('properties of %s', async (_, content) => {
    expect(await read.events(content)).toEqual([{ ...EVENT, properties: { a: { b: 1 } } }]);
  });

  const broken = "{'deniedConsentIds': ['ads']}";

  test.each(['properties', 'traits', 'context', 'integrations'])(
    '%s in a text that is not JSON: the event is refused, since it would be sent without them',
    async (name) => {
      const refused = [expect.stringMatching(new RegExp(`line \\d has a text in ${name} that is not a JSON object`))];
      expect(await read.events(ndjson({ ...EVENT, [name]: broken }))).toEqual(refused);
      const cells = csv(`type,event,userId,messageId,timestamp,${name}`, `track,A,u,m,${TIME},"${broken}"`);
      expect(await read.events(cells)).toEqual(refused);
      expect(await read.events(ndjson({ ...ROW, event: 'a', x: 1, [name]: broken }))).toEqual(refused);
      const whole = JSON.stringify({ ...EVENT, [name]: broken });
      expect(await read.events(ndjson({ ...ROW, rudder_event: whole }))).toEqual(refused);
    },
  );

  test('a row of tracks without the event itself is refused; one of an event’s own table is read', async () => {
    const rows = [
      { ...ROW, event: 'a', rudder_event: EVENT },
      { ...ROW, event: 'b' },
    ];
    const problem = expect.stringMatching(/line 2 has no event in its column rudder_event/);
    expect(await read.events(ndjson(...rows))).toEqual([EVENT, problem]);
    expect(await read.events(ndjson(...rows.map((row) => ({ ...row, price: 1 }))))).toMatchObject([
      EVENT,
      { event: 'b', properties: { price: 1 } },
    ]);
  });

  test('a property of a row with such a name stays', async () => {
    const rows = ndjson({ ...ROW, event: 'a', context: 'checkout', integrations: 'slack' });
    expect(await read.events(rows)).toMatchObject([{ properties: { context: 'checkout', integrations: 'slack' } }]);
  });

  test('context and integrations of a row decide, and are no properties', async () => {
    const consent = { provider: 'oneTrust', deniedConsentIds: ['ads'] };
    const row = { ...ROW, event: 'a', x: 1, context: JSON.stringify({ consentManagement: consent }) };
    expect(await read.events(ndjson({ ...row, integrations: '{"All":false}' }))).toEqual([
      expect.objectContaining({
        properties: { x: 1 },
        context: { consentManagement: consent },
        integrations: { All: false },
      }),
    ]);
    expect(await read.calls(ndjson({ ...row, integrations: '{"All":false}' }), {}, {})).toEqual([
      { kind: 'filtered', reason: 'integrations' },
    ]);
  });

  test('traits and consent of the context in columns of JSON', async () => {
    const consentManagement = { provider: 'custom', deniedConsentIds: ['ads'] };
    const row = { id: 'm', anonymous_id: 'a', received_at: TIME, event: 'a', x: 1, context_traits: '{"id":"u-9"}' };
    const rows = ndjson({ ...row, context_consent_management: JSON.stringify(consentManagement) });
    expect(await read.events(rows)).toMatchObject([{ context: { traits: { id: 'u-9' }, consentManagement } }]);
    const [bad] = await read.events(ndjson({ ...row, context_consent_management: "{'deniedConsentIds': ['ads']}" }));
    expect(bad).toMatch(/has a text in context_consent_management that is not a JSON object/);
  });

  test('a VARIANT column of a row', async () => {
    const row = { ID: 'm', USER_ID: 'u', EVENT: 'a', RECEIVED_AT: TIME, PROPERTIES: '{"a":1}' };
    expect(await read.events(ndjson(row))).toMatchObject([{ properties: { a: 1 } }]);
  });

  test.each(['[""ads""]', "['x', 'ads']", 'ads', '{x,ads}'])(
    'what the user has denied in a column: %s',
    async (cell) => {
      const columns = ['deniedConsentIds', 'provider'].map((name) => `context.consentManagement.${name}`);
      const header = `type,event,userId,messageId,timestamp,${columns.join(',')}`;
      const rows = csv(header, `track,A,u,m,${TIME},"${cell}",custom`);
      const [event] = await read.events(rows);
      expect(event).toHaveProperty('context.consentManagement.deniedConsentIds', expect.arrayContaining(['ads']));
    },
  );

  test('integrations and consent decide as in the live event', async () => {
    const denied = ndjson({ ...EVENT, integrations: '{"All":false}' });
    expect(await read.calls(denied, {}, {})).toEqual([{ kind: 'filtered', reason: 'integrations' }]);
  });

  test('the column rudder_event is the event, byte for byte', async () => {
    const event = JSON.stringify({ ...EVENT, properties: { a: '"' } });
    const [reading] = await read.readings(csv('rudder_event', `"${event.replaceAll('"', '""')}"`));
    expect(reading).toMatchObject({ kind: 'event', text: event, isRow: false });
  });
});

describe('the names of columns', () => {
  test('a column of the owner’s key is the key, and a column named type a property', async () => {
    const rows = ndjson({ ...ROW, event: 'a', type: 'express', idempotency_key: 'own' });
    expect(await read.calls(rows, {}, {})).toMatchObject([
      { payload: { idempotency_key: 'own', properties: { type: 'express' } } },
    ]);
  });

  test('the identity is read from the traits of the context', async () => {
    const rows = ndjson({ id: 'm', anonymous_id: 'a', received_at: TIME, event: 'a', x: 1, context_traits_id: 'u-9' });
    expect(await read.calls(rows, {}, {})).toMatchObject([{ payload: { identity: 'u-9' } }]);
  });

  test('upper case and the prefix of reserved words come back as they were', async () => {
    const rows = ndjson({
      ID: 'm',
      USER_ID: 'u',
      EVENT: 'a',
      RECEIVED_AT: TIME,
      _ORDER: 'o',
      PRICE: 1,
      _TIMESTAMP: TIME,
    });
    expect(await read.events(rows)).toMatchObject([{ timestamp: TIME, properties: { order: 'o', price: 1 } }]);
  });
});

test('cells are texts, or numbers and booleans if the caller says so; codes and long integers stay', async () => {
  const rows = csv('id,user_id,event,received_at,a,b,c,d', `m,007,a,${TIME},12.50,TRUE,007,12345678901234567891`);
  const codes = { c: '007', d: '12345678901234567891' };
  expect(await read.events(rows)).toMatchObject([{ userId: '007', properties: { a: '12.50', b: 'TRUE', ...codes } }]);
  const inferred = await read.events(rows, { types: 'infer' });
  expect(inferred).toMatchObject([{ userId: '007', properties: { a: 12.5, b: true, ...codes } }]);
});

test.each([
  ['rows', ndjson({ id: 'm', event: 'a', received_at: TIME, x: '1.50', context_traits_id: '1.50' })],
  ['columns', csv('type,event,anonymousId,messageId,timestamp,context.traits.id', `track,a,n,m,${TIME},1.50`)],
])('an id of a person in the traits of %s stays with --types infer', async (_, content) => {
  expect(await read.calls(content, { types: 'infer' }, {})).toMatchObject([{ payload: { identity: '1.50' } }]);
});

test('a decimal number with more digits than a number holds stays a text', async () => {
  const rows = csv('id,user_id,event,received_at,a,b', `m,u,a,${TIME},12345678901234567.25,0.30000000000000004`);
  const properties = { a: '12345678901234567.25', b: 0.30000000000000004 };
  expect(await read.events(rows, { types: 'infer' })).toMatchObject([{ properties }]);
});

test.each([
  ['user_id', '1.23457E+11'],
  ['user_id', '123.0'],
  ['anonymous_id', '1E+20'],
  ['id', '1,23457e+11'],
])('a number that a spreadsheet or pandas has changed is no %s: %s', async (name, cell) => {
  const cells = { id: 'm', user_id: 'u', anonymous_id: 'n', [name]: `"${cell}"` };
  const rows = csv('id,user_id,anonymous_id,event,received_at,x', `${Object.values(cells).join(',')},a,${TIME},1`);
  expect(await read.events(rows)).toEqual([
    expect.stringMatching(/line 2 has a number with an exponent or \.0 as .*the type text/),
  ]);
});

describe('CSV as spreadsheets and scripts write it', () => {
  const header = 'id,user_id,event,received_at,x';

  test.each([
    ['rows of separators alone', [header, `m,u,a,${TIME},1`, ',,,,', ' , ,,,']],
    ['a header that is repeated', [header, header, `m,u,a,${TIME},1`, header]],
    ['columns without a name', [`,${header},,`, `0,m,u,a,${TIME},1,,`]],
    ['columns that pandas has named', [`Unnamed: 0,${header}`, `0,m,u,a,${TIME},1`]],
  ])('%s', async (_, lines) => {
    const event = { type: 'track', event: 'a', messageId: 'm', userId: 'u', timestamp: TIME, properties: { x: '1' } };
    expect(await read.events(csv(...lines))).toEqual([event]);
  });

  test('the header line of a file beside --columns', async () => {
    const options = { columns: ['id', 'user_id', 'received_at', 'email'] };
    const rows = csv('id,user_id,received_at,email', `m,u,${TIME},a@example.com`);
    expect(await read.events(rows, options)).toMatchObject([{ type: 'identify', userId: 'u' }]);
  });

  test.each(['\n', '\r\n'])('errors name the line, after blank lines and line breaks in cells (%j)', async (end) => {
    const lines = [
      '',
      header,
      '',
      `m,u,a,${TIME},"1${end}${end}2"`,
      '',
      '',
      'm,u,a,?,1',
      '"m',
      'n",u,a,?,1',
      'm,u,a,?,1',
    ];
    const [, ...bad] = await read.events(lines.join(end));
    expect(bad).toEqual([9, 10, 12].map((line) => expect.stringContaining(`line ${line} has no time`)));
  });
});

describe('what the caller leaves out', () => {
  const identify = { type: 'identify', userId: 'u', traits: { a: 1 }, timestamp: TIME };

  test('--skip and --before, by themselves and in a batch', async () => {
    const later = { ...EVENT, timestamp: '2026-02-02T00:00:00Z' };
    const options = { skip: ['identify'], beforeMs: Date.parse('2026-02-01T00:00:00Z') };
    expect(await read.events(ndjson(identify, later, EVENT), options)).toEqual(['skipped', 'not_before', EVENT]);
    expect(await read.events(JSON.stringify({ batch: [identify, later, EVENT] }), options)).toEqual([EVENT]);
  });

  test.each(['2026-01-31T10:00:00+02', '2026-01-31T10:00:00,5Z', '2026-01-31 10:00', '1769853600'])(
    '--before compares the time %s',
    async (timestamp) => {
      const event = ndjson({ ...EVENT, timestamp });
      expect(await read.events(event, { beforeMs: Date.parse('2026-01-31T07:00:00Z') })).toEqual(['not_before']);
      expect(await read.events(event, { beforeMs: Date.parse('2026-02-01') })).toMatchObject([{ type: 'track' }]);
    },
  );

  test('--skip and --before count for dead letters, which are sent as they came otherwise', async () => {
    const { timestamp: _, ...withoutTime } = { ...EVENT, receivedAt: TIME };
    const letters = [identify, EVENT, withoutTime].map((event) => ({ deadLetter: { reason: 'heap_refused' }, event }));
    const options = { skip: ['identify'], beforeMs: Date.parse('2026-02-01T00:00:00Z') };
    expect(await read.events(ndjson(...letters), options)).toEqual(['skipped', EVENT, withoutTime]);
    expect(await read.events(ndjson(...letters), { beforeMs: 0 })).toEqual(['not_before', 'not_before', 'not_before']);
  });

  test('a batch is not written anew when something in it would be lost', async () => {
    const [said] = await read.events(JSON.stringify({ batch: [identify, 5, EVENT] }), { skip: ['identify'] });
    expect(said).toMatch(/has an element that is no event, beside events that are left out/);
  });
});
