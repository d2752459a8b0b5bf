import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../pages.ts';
import type { Figures } from './figures.ts';
import { sentence } from './sentence.ts';

/** How much the random tests do by default, as their files say. */
export function randomTestFigures(): Figures {
  const schedules = numberIn('test/chaos.test.ts', /'--runs', '(\d+)'/);
  const messages = numberIn('test/interrupts/main.ts', /messages: \{ type: 'string', default: '(\d+)'/);
  const times = numberIn('test/interrupts/main.ts', /times: \{ type: 'string', default: '(\d+)'/);
  return {
    blocks: {},
    sentences: [
      sentence('docs/guarantees.md')`test/chaos.test.ts): ${schedules} random schedules in \`npm test\``,
      sentence('docs/command-line.md')`an enqueue of ${messages} messages ${times} times each`,
      sentence('CONTRIBUTING.md')`interrupts \`heapq\` at random, with ${messages} messages`,
    ],
  };
}

function numberIn(file: string, pattern: RegExp): string {
  const [, found] = pattern.exec(readFileSync(join(ROOT, file), 'utf8')) ?? [];
  if (found === undefined) throw new Error(`${file} does not say ${String(pattern)}`);
  return Number(found).toLocaleString('en');
}
