import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Random batches with random faults, through the real handler, in virtual time. Every test run uses the same ones, so that a new
 * failure is caused by a change. To run other ones: npm run test:chaos -- --runs N
 *
 * They run in a process of their own, because they need twice the time within Jest, where every look-up of a global is slow.
 */
test('whatever fails, every event ends in exactly one place, and Heap holds each once', () => {
  const seed = process.env['SEED'] ?? '20261123';
  const args = [join(__dirname, 'chaos', 'main.ts'), '--runs', '100', '--seed', seed];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stdout + stderr).toMatch(/^100 schedules, .+ every promise was kept\.$/m);
  expect(status).toBe(0);
});
