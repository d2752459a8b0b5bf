import type { Answer } from '../../lib/heap/transport.ts';

/** What one answer says, before anything else is known. */
export type Reading =
  | { readonly kind: 'accepted' | 'refused'; readonly status: number; readonly body: string }
  | { readonly kind: 'none'; readonly because: string };

/** A request that was refused or accepted for what is in it, and not by chance. */
export type Outcome = Exclude<Reading, { readonly kind: 'none' }>;

/** Statuses below 500 that say something about the moment, or about something between here and Heap. */
const NOT_ABOUT_THE_REQUEST: ReadonlySet<number> = new Set([407, 408, 421, 423, 425, 429]);

/** Reads an answer by itself. A page of HTML is a proxy's, a firewall's or a login's, whatever its status. */
export function readOne(answer: Answer | undefined): Reading {
  if (answer === undefined) return { kind: 'none', because: 'it was not sent' };
  if (answer.kind === 'timeout') return { kind: 'none', because: 'there was no answer in time' };
  if (answer.kind === 'unreachable') return { kind: 'none', because: `Heap cannot be reached (${answer.detail})` };
  const { status, body } = answer;
  if (/^\s*</.test(body)) return { kind: 'none', because: `a page came back instead of an answer (${status})` };
  if (status >= 200 && status < 300) return { kind: 'accepted', status, body };
  if (status >= 400 && status < 500 && !NOT_ABOUT_THE_REQUEST.has(status)) return { kind: 'refused', status, body };
  return { kind: 'none', because: `the answer was ${status}` };
}

/** The answers of an endpoint that show whether its other answers mean anything. */
export interface Controls {
  /** To two good entries, before the first question. */
  readonly good: readonly Answer[];
  /** To a body that is not JSON, before the first question and after the last one. */
  readonly notJson: readonly Answer[];
}

/** What Heap answered to a request of a question. */
export interface Exchange {
  readonly label: string;
  /** A second one if the first one was no success. */
  readonly answers: readonly Answer[];
}

/** One question, asked. */
export interface Asked {
  readonly exchanges: readonly Exchange[];
  /** The answer to a good event after something was not accepted. */
  readonly goodAfter: Answer | undefined;
}

/**
 * Says what Heap does with a request. An acceptance counts only if Heap refuses what is certainly wrong, and answers as it does
 * to a good entry. A refusal counts only if it is repeated, and Heap accepts a good entry after it.
 */
export function settle({ answers }: Exchange, goodAfter: Answer | undefined, controls: Controls): Reading {
  const readings = answers.map(readOne);
  const [first] = readings;
  if (first === undefined) return readOne(undefined);
  const other = readings.find(({ kind }) => kind !== first.kind);
  if (other !== undefined) return none(`the same request got two answers: ${describe(first)}, then ${describe(other)}`);
  if (first.kind === 'none') return first;
  if (first.kind === 'accepted') return settleAcceptance(first, controls);
  if (readOne(goodAfter).kind === 'accepted') return first;
  return none(`a good entry was not accepted after it either: ${describe(readOne(goodAfter))}`);
}

function settleAcceptance(accepted: Outcome, { good, notJson }: Controls): Reading {
  const kinds = notJson.map((answer) => readOne(answer).kind);
  if (kinds.includes('accepted')) {
    return none(`${describe(accepted)}, which says nothing, since a body that is not JSON was accepted too`);
  }
  if (kinds[0] !== 'refused') return none(`${describe(accepted)}, but a body that is not JSON was not refused`);
  const usual = new Set(good.map((answer) => (answer.kind === 'answered' ? answer.body.trim() : '')));
  // A body that differs from one good entry to the next cannot be compared.
  if (usual.size > 1 || usual.has(accepted.body.trim())) return accepted;
  return none(`${describe(accepted)}, which is not what a good entry is answered`);
}

function none(because: string): Reading {
  return { kind: 'none', because };
}

/** The characters of a body in a sentence. */
const SHOWN_CHARACTERS = 120;

/** Writes what an answer said as it can stand in a sentence. */
export function describe(reading: Reading): string {
  if (reading.kind === 'none') return reading.because;
  const body = reading.body.replaceAll(/\s+/g, ' ').trim();
  const shown = body.length > SHOWN_CHARACTERS ? `${body.slice(0, SHOWN_CHARACTERS)}…` : body;
  return `${reading.status}${shown === '' ? '' : ` \`${shown.replaceAll('`', "'")}\``}`;
}
