import fc from 'fast-check';

/**
 * Uses the same random inputs in every test run, so that a new failure is caused by a change and not by chance. To use
 * another seed: `SEED=7 npm test`. To run the chaos test far more often: `npm run test:chaos -- --runs N`.
 */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_123) });
