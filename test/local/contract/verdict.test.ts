import { readOne, settle, type Outcome } from '../../../local/contract/outcome.ts';
import { readNaming, readShortKey } from '../../../local/contract/verdict.ts';
import type { Answer } from '../../../lib/heap/transport.ts';

const answered = (status: number, body = 'OK'): Answer => ({ kind: 'answered', status, retryAfter: undefined, body });
const refused = (body: string): Outcome => ({ kind: 'refused', status: 400, body });
const accepted: Outcome = { kind: 'accepted', status: 200, body: 'OK' };

test.each<[string, Answer | undefined, string]>([
  ['200', answered(200), 'accepted'],
  ['204', answered(204, ''), 'accepted'],
  ['a page with 200', answered(200, ' <html>'), 'none'],
  ['302', answered(302), 'none'],
  ['400', answered(400), 'refused'],
  ['401', answered(401), 'refused'],
  ['404', answered(404), 'refused'],
  ['a page with 404', answered(404, '<!DOCTYPE html>'), 'none'],
  ['408', answered(408), 'none'],
  ['413', answered(413), 'refused'],
  ['422', answered(422), 'refused'],
  ['429', answered(429), 'none'],
  ['500', answered(500), 'none'],
  ['503', answered(503), 'none'],
  ['no answer in time', { kind: 'timeout' }, 'none'],
  ['no connection', { kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' }, 'none'],
  ['nothing that was sent', undefined, 'none'],
])('%s is read by itself', (_, answer, kind) => {
  expect(readOne(answer).kind).toBe(kind);
});

describe('an outcome needs its proof', () => {
  const good = [answered(200), answered(200)];
  const notJson = [answered(400), answered(400)];

  test.each<[string, readonly Answer[], Answer | undefined, Parameters<typeof settle>[2], string]>([
    ['an acceptance', [answered(200)], undefined, { good, notJson }, 'accepted'],
    [
      'an acceptance, without the last control',
      [answered(200)],
      undefined,
      { good, notJson: [answered(400)] },
      'accepted',
    ],
    ['an acceptance, where all is accepted', [answered(200)], undefined, { good, notJson: [answered(200)] }, 'none'],
    [
      'an acceptance, where all is accepted in the end',
      [answered(200)],
      undefined,
      { good, notJson: [answered(400), answered(200)] },
      'none',
    ],
    [
      'an acceptance, where the control has failed',
      [answered(200)],
      undefined,
      { good, notJson: [answered(503)] },
      'none',
    ],
    ['an acceptance with another body', [answered(200, '{"failed":1}')], undefined, { good, notJson }, 'none'],
    [
      'an acceptance with another body, as always',
      [answered(200, 'c')],
      undefined,
      { good: [answered(200, 'a'), answered(200, 'b')], notJson },
      'accepted',
    ],
    ['a refusal', [answered(400), answered(400)], answered(200), { good, notJson }, 'refused'],
    ['a refusal by chance', [answered(400), answered(200)], answered(200), { good, notJson }, 'none'],
    ['a refusal of everything', [answered(400), answered(400)], answered(400), { good, notJson }, 'none'],
    ['a refusal without a control', [answered(400), answered(400)], undefined, { good, notJson }, 'none'],
    ['an error', [answered(500), answered(500)], answered(200), { good, notJson }, 'none'],
    ['nothing', [], undefined, { good, notJson }, 'none'],
  ])('%s', (_, answers, goodAfter, controls, kind) => {
    expect(settle({ label: 'it', answers }, goodAfter, controls).kind).toBe(kind);
  });
});

test.each<[string, string, string, string]>([
  ['the position, from 0', 'entry 3: bad', 'entry 7: bad', 'yes'],
  ['the position, from 1', 'events[4] is bad', 'events[8] is bad', 'yes'],
  ['the mark', 'bad: {"mark-a"}', 'bad: {"mark-b"}', 'yes'],
  ['nothing', 'Bad Request', 'Bad Request', 'no'],
  ['no body', '', '', 'no'],
  ['both positions', '3 7', '3 7', 'no'],
  ['the id of a request', 'request 0f3-33', 'request 0f7-77', 'unclear'],
  ['a version', 'v0.3', 'v0.7', 'unclear'],
  ['the wrong position', 'entry 7', 'entry 3', 'unclear'],
  ['the position in one answer only', 'entry 3', 'bad', 'unclear'],
])('an answer with %s', (_, first, second, verdict) => {
  expect(readNaming([refused(first), refused(second)], ['mark-a', 'mark-b']).answer).toBe(verdict);
});

test.each<[Outcome, Outcome, string]>([
  [accepted, accepted, 'no'],
  [refused(''), refused(''), 'yes'],
  [accepted, refused('seen'), 'no'],
  [refused(''), accepted, 'unclear'],
])('a short key: %j, then %j', (first, second, verdict) => {
  expect(readShortKey([first, second]).answer).toBe(verdict);
});
