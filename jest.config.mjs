/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  // p-map comes as ES modules alone, which Jest does not load without a flag.
  transform: { '\\.ts$|/p-map/': '<rootDir>/test/support/transform.mjs' },
  transformIgnorePatterns: ['/node_modules/(?!p-map/)'],
  setupFiles: ['<rootDir>/test/support/fast-check.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // Most tests wait for processes and queues; with one worker on two cores they would wait for each other.
  maxWorkers: 3,
  testTimeout: 30_000,
};
