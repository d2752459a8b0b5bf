import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

/** A page of the documentation. */
export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A block of code between two fences. */
export interface Block {
  readonly language: string;
  /** The word after the language: what is done with a block of commands. Empty if there is none. */
  readonly kind: string;
  readonly code: string;
  /** The heading above it. */
  readonly heading: string;
  /** Of the fence that opens it, from 1. */
  readonly line: number;
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** Every Markdown file that a reader may open: those in the root and below docs/. */
export function readPages(): readonly Page[] {
  const top = readdirSync(ROOT).filter((file) => file.endsWith('.md'));
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file));
  return [...top, ...below].map(readPage);
}

const FENCE = /^ *```(?<language>\w*)(?: (?<kind>\w+))?$/;

/** The headings of a page, without what stands in its blocks of code. */
export function headingsOf({ text }: Page): readonly string[] {
  return withoutBlocks(text).flatMap((line) => /^#{1,6} (.+)$/.exec(line)?.[1] ?? []);
}

/** The lines of a page that are not code. */
export function withoutBlocks(text: string): readonly string[] {
  let isCode = false;
  return text.split('\n').filter((line) => {
    const isFence = FENCE.test(line);
    if (isFence) isCode = !isCode;
    return !isCode && !isFence;
  });
}

export function blocksOf({ text }: Page): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: (Omit<Block, 'code' | 'heading'> & { readonly lines: string[] }) | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = FENCE.exec(line);
    if (open === undefined) {
      heading = /^#{1,6} (.+)$/.exec(line)?.[1] ?? heading;
      const { language = '', kind = '' } = fence?.groups ?? {};
      if (fence !== null) open = { language, kind, line: index + 1, lines: [] };
    } else if (fence === null) {
      open.lines.push(line);
    } else {
      const { lines, ...about } = open;
      blocks.push({ ...about, code: lines.join('\n'), heading });
      open = undefined;
    }
  }
  return blocks;
}

/** The one block of a language below a heading. */
export function blockUnder(page: Page, heading: string, language: string): string {
  const found = blocksOf(page).filter((block) => block.heading === heading && block.language === language);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(`${page.path} has ${found.length} blocks of ${language} below "${heading}"`);
  }
  return only.code;
}
