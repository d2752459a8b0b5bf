import { LIMITS } from '../../lib/heap/api.ts';
import { isArray, isObject } from '../../lib/json.ts';
import type { Answer } from '../../lib/heap/transport.ts';
import { eventOf, userOf, type Run } from './marks.ts';
import { describe, readOne, settle, type Asked, type Controls, type Exchange, type Outcome } from './outcome.ts';
import type { Look, Question } from './questions.ts';
import { brokenRequest, bulkRequest, type ContractRequest, type Endpoint, type Send } from './request.ts';
import { unclear, type Verdict } from './verdict.ts';

/** How much a check sends at most. */
export interface Plan {
  readonly requests: number;
  readonly entries: number;
  /** The identities of all users that it may create. */
  readonly identities: readonly string[];
}

/** All answers of a check. */
export interface Answers {
  readonly controls: Readonly<{ [kind in Endpoint]?: Controls }>;
  readonly asked: ReadonlyMap<string, Asked>;
  /** Why the check has ended before its last question. */
  readonly stopped: string | undefined;
}

/** A question with what the answers say. */
export interface Judged {
  readonly question: Question;
  readonly verdict: Verdict;
  readonly exchanges: readonly Exchange[];
  /** What a person has to look for in Heap. */
  readonly looks: readonly Look[];
}

/** The endpoints that are asked. */
const KINDS = ['track', 'add_user_properties'] as const;
/** Good entries of each endpoint before the first question. */
const GOOD_ENTRIES = 2;
/** Bodies that are not JSON of each endpoint: before the first question, and after the last one. */
const BROKEN_BODIES = 2;

/** Says what a check sends at most, before anything is sent: each request twice if Heap refuses it, and a good entry after it. */
export function planOf(questions: readonly Question[], run: Run): Plan {
  const requests = questions.map((question) => question.requests(run));
  const sent = requests.flat().flatMap((request) => (request.isRepeated ? [request, request] : [request]));
  const entries = sent.reduce((sum, request) => sum + request.entries, 0);
  const good = KINDS.map((kind) => goodRequest(run, kind, 0));
  return {
    requests: sent.length + questions.length + KINDS.length * (GOOD_ENTRIES + BROKEN_BODIES),
    entries: entries + questions.length + KINDS.length * GOOD_ENTRIES,
    identities: [...new Set([...requests.flat(), ...good].flatMap((request) => identitiesIn(request, run)))],
  };
}

/** The users in the environment of the run; a request with another app id does not create any there. */
function identitiesIn({ body, isCompressed, entries }: ContractRequest, { appId }: Run): readonly string[] {
  const request: unknown = isCompressed && entries === 0 ? {} : JSON.parse(body);
  if (!isObject(request) || request['app_id'] !== appId) return [];
  const list = request['events'] ?? request['users'];
  return (isArray(list) ? list : []).flatMap((entry) => {
    const identity = isObject(entry) ? entry['identity'] : undefined;
    if (typeof identity !== 'string') return typeof identity === 'number' ? [String(identity)] : [];
    // Heap may cut it.
    return [
      identity,
      ...(identity.length > LIMITS.identityCharacters ? [identity.slice(0, LIMITS.identityCharacters)] : []),
    ];
  });
}

interface Asking {
  readonly send: Send;
  /** Waits until the next request may be sent. */
  readonly pause: () => Promise<void>;
  /** Ends the check before the next question. */
  readonly signal: AbortSignal;
  readonly onQuestion: (question: Question, index: number) => void;
}

/**
 * Asks all questions, one request at a time. It ends early when a good event is not accepted, on status 429, and when the
 * signal is aborted.
 */
export async function ask(questions: readonly Question[], run: Run, asking: Asking): Promise<Answers> {
  let goods = 0;
  const send = async (request: ContractRequest): Promise<Answer> => {
    await asking.pause();
    return await asking.send(request);
  };
  const sendGood = async (kind: Endpoint): Promise<Answer> => send(goodRequest(run, kind, (goods += 1)));

  const controls: { [kind in Endpoint]?: Controls } = {};
  const asked = new Map<string, Asked>();
  let stopped: string | undefined;
  for (const kind of KINDS) {
    const good = [await sendGood(kind)];
    if (good.every(isAccepted)) good.push(await sendGood(kind));
    const notJson = good.every(isAccepted) ? [await send(brokenRequest('not JSON', kind))] : [];
    controls[kind] = { good, notJson };
    stopped = [...good, ...notJson].some(isThrottled) ? THROTTLED : undefined;
    if (kind === 'track') stopped ??= whyBad(kind, good.at(-1));
    if (stopped !== undefined) return { controls, asked, stopped };
  }

  for (const [index, question] of questions.entries()) {
    if (controls[question.kind]?.good.every(isAccepted) !== true) continue;
    if (asking.signal.aborted) stopped = 'it was interrupted';
    if (stopped !== undefined) break;
    asking.onQuestion(question, index);
    const exchanges = await askOne(question, run, send);
    const answers = exchanges.flatMap((exchange) => exchange.answers);
    if (answers.some(isThrottled)) stopped = THROTTLED;
    const needsGood = stopped === undefined && !answers.every(isAccepted);
    const goodAfter = needsGood ? await sendGood(question.kind) : undefined;
    asked.set(question.id, { exchanges, goodAfter });
    if (needsGood) stopped = whyBad(question.kind, goodAfter);
  }
  if (stopped !== undefined) return { controls, asked, stopped };
  for (const kind of KINDS) {
    const { good = [], notJson = [] } = controls[kind] ?? {};
    if (notJson.length > 0)
      controls[kind] = { good, notJson: [...notJson, await send(brokenRequest('not JSON', kind))] };
  }
  return { controls, asked, stopped };
}

/** Sends the requests of a question. One that is not accepted is sent twice, unless it is a large one or a rate limit is reached. */
async function askOne(question: Question, run: Run, send: Send): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = [];
  for (const request of question.requests(run)) {
    const first = await send(request);
    const isAgain = request.isRepeated && !isAccepted(first) && !isThrottled(first);
    const answers = isAgain ? [first, await send(request)] : [first];
    exchanges.push({ label: request.label, answers });
    if (answers.some(isThrottled)) break;
  }
  return exchanges;
}

/** Why the check cannot go on, if a good entry was not accepted. */
function whyBad(kind: Endpoint, answer: Answer | undefined): string | undefined {
  if (isAccepted(answer)) return undefined;
  if (isThrottled(answer)) return THROTTLED;
  return `${GOOD[kind]} not accepted: ${describe(readOne(answer))}`;
}

/** What a good entry is called in a sentence. */
const GOOD = { track: 'a good event was', add_user_properties: 'good user properties were' } as const;
const THROTTLED = 'Heap answered 429: a rate limit is reached';

function isAccepted(answer: Answer | undefined): boolean {
  return readOne(answer).kind === 'accepted';
}

function isThrottled(answer: Answer | undefined): boolean {
  return answer?.kind === 'answered' && answer.status === 429;
}

function goodRequest(run: Run, kind: Endpoint, number: number): ContractRequest {
  const entry = kind === 'track' ? eventOf(run, 'good', String(number)) : userOf(run, 'good');
  return bulkRequest('a good entry', run.appId, [entry], { kind });
}

/** Reads a verdict for each question out of the answers. A question without a clear outcome for each request is unclear. */
export function judge(
  questions: readonly Question[],
  run: Run,
  { asked, controls, stopped }: Answers,
): readonly Judged[] {
  return questions.map((question) => {
    const { exchanges = [], goodAfter } = asked.get(question.id) ?? {};
    const control = controls[question.kind] ?? { good: [], notJson: [] };
    if (exchanges.length === 0) {
      const why = stopped ?? whyBad(question.kind, control.good.at(-1)) ?? 'the reason is not known';
      return { question, verdict: unclear(`not asked: ${why}`), exchanges, looks: [] };
    }
    const readings = question.requests(run).map((_, index) => {
      const exchange = exchanges[index];
      return exchange === undefined ? readOne(undefined) : settle(exchange, goodAfter, control);
    });
    const outcomes = readings.filter((reading): reading is Outcome => reading.kind !== 'none');
    const missing = readings.find(({ kind }) => kind === 'none');
    const verdict = missing === undefined ? question.read(outcomes, run) : unclear(describe(missing));
    const looks = question.looks(run).filter(({ request, after }) => readings[request]?.kind === after);
    return { question, verdict, exchanges, looks };
  });
}
