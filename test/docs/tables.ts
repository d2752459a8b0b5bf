import { withoutBlocks, type Page } from './pages.ts';

/** The rows of the tables below a heading, up to the next heading: the text of each cell, without the quotes of code. */
export function tableUnder({ path, text }: Page, heading: string): readonly (readonly string[])[] {
  const lines = withoutBlocks(text);
  const start = lines.findIndex((line) => /^#{1,6} /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) throw new Error(`${path} has no heading "${heading}"`);
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('#'));
  const section = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
  return section.filter((line, index) => line.startsWith('|') && !isHeadOfTable(section, index)).map(cellsOf);
}

/** A table begins with its titles and a line of dashes. */
function isHeadOfTable(lines: readonly string[], index: number): boolean {
  return isRule(lines[index]) || isRule(lines[index + 1]);
}

function isRule(line = ''): boolean {
  return /^\|[ |:-]+$/.test(line);
}

function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** The names between the quotes of code in a cell. */
export function namesIn(cell = ''): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}
