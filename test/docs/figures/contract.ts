import { planOf } from '../../../local/contract/ask.ts';
import { QUESTIONS } from '../../../local/contract/questions.ts';
import type { Figures } from './figures.ts';
import { sentence } from './sentence.ts';

/** What `npm run contract` would send; it says so before it does. */
export function contractFigures(): Figures {
  const { requests, entries, identities } = planOf(QUESTIONS, { id: 'run', appId: '1', startedAt: 0 });
  return {
    blocks: {},
    sentences: [
      sentence(
        'docs/heap-behaviour.md',
      )`up to ${String(requests)} requests with ${String(entries)} entries, for ${String(identities.length)} users`,
    ],
  };
}
