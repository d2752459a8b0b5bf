import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');

/** A page of the documentation. */
export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A block of code between two fences. */
export interface Block {
  readonly language: string;
  readonly code: string;
  /** The heading above it. */
  readonly heading: string;
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

const FENCE = /^ *```(?<language>\w*)$/;

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
  let open: { language: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const fence = FENCE.exec(line);
    if (open === undefined) {
      heading = /^#{1,6} (.+)$/.exec(line)?.[1] ?? heading;
      if (fence !== null) open = { language: fence.groups?.['language'] ?? '', lines: [] };
    } else if (fence === null) {
      open.lines.push(line);
    } else {
      blocks.push({ language: open.language, code: open.lines.join('\n'), heading });
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
