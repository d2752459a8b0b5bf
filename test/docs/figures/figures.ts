import type { Sentence } from './sentence.ts';

/** What a source gives to the pages. */
export interface Figures {
  /** Tables and lists, by the name that a comment in a page has. */
  readonly blocks: Readonly<Record<string, string>>;
  readonly sentences: readonly Sentence[];
}
