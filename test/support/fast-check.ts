import fc from 'fast-check';

/**
 * The same random inputs in every test run, so that a failure says something about a change and not about luck. Another
 * seed: `SEED=7 npm test`; far more runs of the hardest test: `npm run test:chaos -- --runs N`.
 */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_123) });
