import { createAcceptances, REFUSED_ALONE_AT_MOST, type AppAcceptances } from '../../lib/heap/acceptances.ts';

const NOW = 1_000_000_000;
const TEN_MINUTES = 10 * 60 * 1000;

/** An app that has accepted a request and has then refused so many entries alone. */
function appWith(refusedAlone: number): AppAcceptances {
  const app = createAcceptances()('a');
  app.accepted(NOW);
  for (let entry = 0; entry < refusedAlone; entry += 1) app.refusedAlone();
  return app;
}

test('an app of which nothing is known has accepted nothing, and its refusals are not believed', () => {
  const app = createAcceptances()('a');
  expect(app.count()).toBe(0);
  expect(app.hasAcceptedLately(NOW)).toBe(false);
  expect(app.isRefusalBelieved(NOW)).toBe(false);
  expect(app.seemsToRefuseEverything()).toBe(false);
});

test.each([
  [0, true],
  [TEN_MINUTES, true],
  [TEN_MINUTES + 1, false],
  [Number.MAX_SAFE_INTEGER - NOW, false],
])('%i ms after an acceptance, a refusal is believed: %s', (ms, expected) => {
  const app = appWith(0);
  expect(app.hasAcceptedLately(NOW + ms)).toBe(expected);
  expect(app.isRefusalBelieved(NOW + ms)).toBe(expected);
});

test('eight entries in a row that were refused alone are believed, and the ninth is not', () => {
  expect(REFUSED_ALONE_AT_MOST).toBe(8);
  expect(appWith(7).isRefusalBelieved(NOW)).toBe(true);
  expect(appWith(7).seemsToRefuseEverything()).toBe(false);
  expect(appWith(8).isRefusalBelieved(NOW)).toBe(false);
  expect(appWith(8).seemsToRefuseEverything()).toBe(true);
  expect(appWith(8).hasAcceptedLately(NOW)).toBe(true);
  expect(appWith(8).refusedInARow()).toBe(8);
});

test('an acceptance starts the row anew, and counts', () => {
  const app = appWith(9);
  app.accepted(NOW + 5);
  expect(app.isRefusalBelieved(NOW + 5 + TEN_MINUTES)).toBe(true);
  expect(app.seemsToRefuseEverything()).toBe(false);
  expect([app.count(), app.refusedInARow()]).toEqual([2, 0]);
});

describe('a pause', () => {
  test('lasts 30 s', () => {
    const app = appWith(8);
    expect(app.pausedMs(NOW)).toBe(0);
    app.pause(NOW);
    expect([0, 29_999, 30_000, 30_001].map((ms) => app.pausedMs(NOW + ms))).toEqual([30_000, 1, 0, 0]);
  });

  test('ends with an acceptance, and not with one more refusal', () => {
    const app = appWith(8);
    app.pause(NOW);
    app.refusedAlone();
    expect(app.pausedMs(NOW)).toBe(30_000);
    app.accepted(NOW);
    expect(app.pausedMs(NOW)).toBe(0);
  });

  test('is of one app', () => {
    const acceptances = createAcceptances();
    acceptances('a').pause(NOW);
    expect(['a', 'b'].map((appId) => acceptances(appId).pausedMs(NOW))).toEqual([30_000, 0]);
  });
});

test('each app has its own acceptances, and they are the same each time that the app is asked for', () => {
  const acceptances = createAcceptances();
  acceptances('a').accepted(NOW);
  expect(acceptances('a').isRefusalBelieved(NOW)).toBe(true);
  expect(acceptances('b').isRefusalBelieved(NOW)).toBe(false);
});

describe('with very many apps', () => {
  test('only a thousand are remembered, those with the latest answers', () => {
    const apps: NonNullable<Parameters<typeof createAcceptances>[0]> = new Map();
    const acceptances = createAcceptances(apps);
    for (let app = 0; app < 1000; app += 1) acceptances(`app-${app}`).accepted(NOW);
    acceptances('app-0').refusedAlone();
    for (let app = 1000; app < 1999; app += 1) acceptances(`app-${app}`).accepted(NOW);
    expect(apps.size).toBe(1000);
    expect(acceptances('app-0').hasAcceptedLately(NOW)).toBe(true);
    expect(acceptances('app-999').hasAcceptedLately(NOW)).toBe(false);
    expect(acceptances('app-1998').hasAcceptedLately(NOW)).toBe(true);
  });

  test('asking takes no room', () => {
    const apps: NonNullable<Parameters<typeof createAcceptances>[0]> = new Map();
    createAcceptances(apps)('a').isRefusalBelieved(NOW);
    expect(apps.size).toBe(0);
  });
});
