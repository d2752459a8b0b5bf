import { describe, type Outcome } from './outcome.ts';

/** What the answers say to a question. */
export interface Verdict {
  readonly answer: 'yes' | 'no' | 'unclear';
  readonly because: string;
}

/** To "Is it refused?", of one request. */
export function readRefusal([outcome]: readonly Outcome[]): Verdict {
  if (outcome === undefined) return unclear('it was not sent');
  return outcome.kind === 'refused' ? yes(describe(outcome)) : no(describe(outcome));
}

/** To "Is the second one refused?", of two requests of which the first one is usual. */
export function readSecondRefusal([first, second]: readonly Outcome[]): Verdict {
  if (first === undefined || second === undefined) return unclear('it was not sent');
  if (first.kind === 'refused') return unclear(`the first request was refused too: ${describe(first)}`);
  return readRefusal([second]);
}

/** To "Is a short key refused?": the second request repeats the key, and a refusal of it alone is about the repetition. */
export function readShortKey([first, second]: readonly Outcome[]): Verdict {
  if (first === undefined || second === undefined) return unclear('it was not sent');
  if (first.kind === second.kind) return readRefusal([first]);
  if (first.kind === 'accepted') return no(`${describe(first)}; the same key a second time: ${describe(second)}`);
  return unclear(`${describe(first)}, and the same key a second time: ${describe(second)}`);
}

/** To "Is a request refused when one of its entries is bad?", of the bad entry alone, and beside good ones. */
export function readBadEntry([alone, beside]: readonly Outcome[]): Verdict {
  if (alone === undefined || beside === undefined) return unclear('it was not sent');
  if (alone.kind === 'accepted') return unclear(`the bad entry alone was accepted: ${describe(alone)}`);
  if (beside.kind === 'accepted') return no(`${describe(beside)}; the bad entry alone: ${describe(alone)}`);
  return yes(`${describe(beside)}; whether the good entries were stored, only a look into Heap tells`);
}

/** To "Is a compressed body unpacked?", of a good event, and of a body that is not JSON. */
export function readCompression([good, broken]: readonly Outcome[]): Verdict {
  if (good === undefined || broken === undefined) return unclear('it was not sent');
  if (good.kind === 'refused') return no(describe(good));
  if (broken.kind === 'refused') return yes(describe(good));
  return unclear(`a compressed body that is not JSON was accepted too: ${describe(broken)}`);
}

/** The positions of the bad entry in the two requests of "Does the answer say which entry is bad?", counted from 0. */
export const BAD_POSITIONS = [3, 7] as const;

/**
 * To "Does the answer say which entry is bad?", of two requests that differ in the position of the bad entry. Yes, if each
 * answer has the position or the mark of its own bad entry, and not the other one's. No, if the answers do not differ.
 *
 * @param marks what the bad entry of each request has, and no other entry
 */
export function readNaming(
  [first, second]: readonly Outcome[],
  [firstMark, secondMark]: readonly [string, string],
): Verdict {
  if (first === undefined || second === undefined) return unclear('it was not sent');
  if (first.kind === 'accepted' || second.kind === 'accepted') return unclear(`it was accepted: ${describe(first)}`);
  const [firstPosition, secondPosition] = BAD_POSITIONS;
  const names = (isThere: (body: string, name: string) => boolean, one: string, other: string): boolean =>
    isThere(first.body, one) &&
    isThere(second.body, other) &&
    !isThere(first.body, other) &&
    !isThere(second.body, one);
  const isNamed =
    names((body, mark) => body.includes(mark), firstMark, secondMark) ||
    [0, 1].some((base) => names(hasNumber, String(firstPosition + base), String(secondPosition + base)));
  const both = `${describe(first)} and ${describe(second)}, with the bad entry at ${BAD_POSITIONS.join(' and ')}`;
  if (isNamed) return yes(both);
  return first.body === second.body ? no(both) : unclear(`the answers differ, but not by the entry: ${both}`);
}

/** To "Are more than 1000 entries refused?", of 1000 and of 1001. */
export function readTooMany([most, more]: readonly Outcome[]): Verdict {
  if (most?.kind === 'refused') return unclear(`1000 entries were refused too: ${describe(most)}`);
  return readRefusal(more === undefined ? [] : [more]);
}

function hasNumber(text: string, number: string): boolean {
  return new RegExp(`(?<![\\w.-])${number}(?![\\w-])`).test(text);
}

function yes(because: string): Verdict {
  return { answer: 'yes', because };
}

function no(because: string): Verdict {
  return { answer: 'no', because };
}

export function unclear(because: string): Verdict {
  return { answer: 'unclear', because };
}
