import fc from 'fast-check';
import { ask, judge, planOf } from '../../../local/contract/ask.ts';
import type { Run } from '../../../local/contract/marks.ts';
import { readOne } from '../../../local/contract/outcome.ts';
import { QUESTIONS } from '../../../local/contract/questions.ts';
import type { ContractRequest } from '../../../local/contract/request.ts';
import type { Answer } from '../../../lib/heap/transport.ts';

const run: Run = { id: 'run0000', appId: '98765432101', startedAt: Date.parse('2026-01-31T10:00:00Z') };
const plan = planOf(QUESTIONS, run);

/** What a Heap may answer that does not depend on the request. */
const anyAnswer = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom(200, 400) },
    { weight: 1, arbitrary: fc.constantFrom(200, 204, 301, 401, 404, 413, 429, 500, 503) },
  )
  .chain((status) =>
    fc.record<Answer & { readonly kind: 'answered' }>({
      kind: fc.constant('answered'),
      status: fc.constant(status),
      retryAfter: fc.constant(undefined),
      body: fc.constantFrom('OK', 'Bad Request', '<p>', '{"at":3}', ''),
    }),
  );

test('whatever Heap answers, a verdict has its proof, and no more is sent than was announced', async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(anyAnswer), fc.integer({ min: 0, max: 8 }), async (answers, usual) => {
      const sent: { readonly request: ContractRequest; readonly answer: Answer }[] = [];
      const record = await ask(QUESTIONS, run, {
        send: async (request) => {
          // The controls are as they should be, so that the questions are reached.
          const isBroken = request.body === '{';
          const good: Answer = { kind: 'answered', status: isBroken ? 400 : 200, retryAfter: undefined, body: 'OK' };
          const answer = sent.length < usual || isBroken ? good : answers.next().value;
          sent.push({ request, answer });
          return answer;
        },
        pause: async () => undefined,
        signal: new AbortController().signal,
        onQuestion: () => undefined,
      });
      expect(sent.length).toBeLessThanOrEqual(plan.requests);
      expect(sent.reduce((sum, { request }) => sum + request.entries, 0)).toBeLessThanOrEqual(plan.entries);
      const throttled = sent.findIndex(({ answer }) => answer.kind === 'answered' && answer.status === 429);
      expect(throttled === -1 || throttled === sent.length - 1).toBe(true);

      for (const { question, verdict, exchanges } of judge(QUESTIONS, run, record)) {
        if (verdict.answer === 'unclear') continue;
        expect(exchanges).toHaveLength(question.requests(run).length);
        const requests = question.requests(run);
        for (const [index, { answers: given }] of exchanges.entries()) {
          const kinds = given.map((answer) => readOne(answer).kind);
          const isProved =
            kinds.every((kind) => kind === 'accepted') ||
            (kinds.every((kind) => kind === 'refused') &&
              kinds.length === (requests[index]?.isRepeated === true ? 2 : 1));
          expect(isProved).toBe(true);
          const isRefused = kinds.includes('refused');
          const { goodAfter } = record.asked.get(question.id) ?? {};
          expect(!isRefused || readOne(goodAfter).kind === 'accepted').toBe(true);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('no question shares a user with another one, and each entry of a question has its mark', () => {
  const ownersOf = new Map<string, Set<string>>();
  for (const question of QUESTIONS) {
    for (const identity of planOf([question], run).identities) {
      ownersOf.set(identity, (ownersOf.get(identity) ?? new Set()).add(question.id));
    }
    for (const { body, entries } of question.requests(run)) {
      expect(body.split(`"contract_check":"${run.id} ${question.id}`).length - 1).toBe(entries);
    }
  }
  const shared = [...ownersOf].filter(([identity, owners]) => owners.size > 1 && !identity.endsWith('-good'));
  expect(shared).toEqual([]);
});

test('the idempotency keys of two questions, and of two runs, differ, unless the question is about them', () => {
  const keysOf = (of: Run): readonly string[] =>
    QUESTIONS.filter(({ id }) => !id.startsWith('same-key') && id !== 'over-1000' && id !== 'short-key').flatMap(
      ({ requests }) =>
        requests(of).flatMap(({ body }) =>
          [...body.matchAll(/"idempotency_key":"([^"]+)"/g)].map(([, key = '']) => key),
        ),
    );
  const keys = keysOf(run);
  const others = new Set(keysOf({ ...run, id: 'run0001' }));
  expect(keys.filter((key) => others.has(key))).toEqual([]);
});
