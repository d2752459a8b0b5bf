import { readPages } from '../pages.ts';
import { withBlocks } from './tables-in-page.ts';
import { withSentence } from './sentence.ts';
import { SOURCES } from './sources.ts';

/** A page, and how it should be. */
export interface WrittenPage {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** Every page with the figures of what the commands have kept. Nothing is measured, and nothing is written. */
export function writeFigures(): readonly WrittenPage[] {
  const all = SOURCES.flatMap(({ figures }) => (figures === undefined ? [] : [figures()]));
  const blocks = new Map(all.flatMap((figures) => Object.entries(figures.blocks)));
  const sentences = all.flatMap((figures) => figures.sentences);
  return readPages().map(({ path, text }) => ({
    path,
    before: text,
    after: sentences.filter(({ page }) => page === path).reduce(withSentence, withBlocks(text, blocks)),
  }));
}
