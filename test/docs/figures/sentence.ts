/** A sentence of a page with figures that a command has measured. */
export interface Sentence {
  readonly page: string;
  /** The words around the figures, in any layout. */
  readonly words: readonly string[];
  readonly figures: readonly string[];
}

/** `sentence('README.md')` is the tag of a template whose values are the figures. */
export function sentence(page: string) {
  return (words: TemplateStringsArray, ...figures: readonly string[]): Sentence => ({ page, words, figures });
}

/**
 * Writes the figures of a sentence into its page. The words and the layout stay.
 *
 * @throws Error if the page does not have the sentence, or has it twice
 */
export function withSentence(page: string, { page: path, words, figures }: Sentence): string {
  const pattern = words.map(toPattern).join(String.raw`(\d+(?:[.,]\d+)*)`);
  const found = [...page.matchAll(new RegExp(pattern, 'dg'))];
  const [only] = found;
  if (only?.indices === undefined || found.length > 1) {
    throw new Error(`${path} has ${found.length} times the sentence: ${words.join('…')}`);
  }
  // From behind, so that the places of the others stay.
  return figures.reduceRight((text, figure, index) => {
    const [start, end] = only.indices?.[index + 1] ?? [0, 0];
    return text.slice(0, start) + figure + text.slice(end);
  }, page);
}

/** The words themselves, with any space or line break between them. */
function toPattern(words: string): string {
  return words.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`).replaceAll(/\s+/g, String.raw`\s+`);
}
