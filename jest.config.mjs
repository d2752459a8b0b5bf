/**
 * Tests that start processes, servers or a browser, or read what the build has made: those that lie directly in test/, those of
 * the command line and of the pages, and the one that compares the virtual queue with the embedded SQS server. With them those in test/chaos/,
 * which run the whole handler through hours of virtual time. All others are unit tests.
 */
const INTEGRATION_TESTS = [
  '**/test/*.test.ts',
  '**/test/cli/**/*.test.ts',
  '**/test/docs/**/*.test.ts',
  '**/test/chaos/**/*.test.ts',
  '**/virtual-queue.test.ts',
];

/**
 * Jest runs tests in a context of node:vm, where every look-up of a global is slow: the schedules of test/chaos/ need twice the CPU time there.
 * Jest hands these to every module as parameters instead. Date and timers are not among them, because fake timers replace
 * them, nor are names that a module may declare for itself, as Buffer and URL.
 */
const FAST_GLOBALS = (
  'Array BigInt Boolean Error JSON Map Math Number Object Promise Reflect RegExp Set String Symbol SyntaxError TypeError ' +
  'Uint8Array WeakMap decodeURIComponent encodeURIComponent isNaN parseInt'
).split(' ');

/** What both projects share. */
const common = {
  // The same for both, so that a file that both load is transformed once.
  id: 'tests',
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  // p-map comes as ES modules alone, which Jest does not load without a flag.
  transform: { '\\.ts$|/p-map/': '<rootDir>/test/support/transform.mjs' },
  transformIgnorePatterns: ['/node_modules/(?!p-map/)'],
  sandboxInjectedGlobals: FAST_GLOBALS,
  setupFiles: ['<rootDir>/test/support/fast-check.ts'],
  // The embedded SQS server: it starts in a moment, and the unit tests of lib/sqs/ speak to it.
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

/** @type {import('jest').Config} */
export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['**/*.test.ts', ...INTEGRATION_TESTS.map((pattern) => `!${pattern}`)],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: INTEGRATION_TESTS,
    },
  ],
  // Most integration tests wait for processes and queues; with one worker on two cores they would wait for each other.
  maxWorkers: 4,
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // Nothing may depend on how long something takes. This only ends a test that would never end.
  testTimeout: 20 * 60 * 1000,
};
