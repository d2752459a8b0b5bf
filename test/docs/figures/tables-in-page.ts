/** A comment with the name of a block and the command that measures it, and the block up to the next empty line. */
const MARKED = /(<!-- figures (?<name>[\w-]+): (?<command>[^>]+) -->\n\n)(?:.+\n)+/g;

/** A block that stands in a page. */
export interface MarkedBlock {
  readonly name: string;
  readonly command: string;
}

/** The blocks of figures in a page. */
export function markedBlocks(page: string): readonly MarkedBlock[] {
  return [...page.matchAll(MARKED)].map(({ groups = {} }) => ({
    name: groups['name'] ?? '',
    command: groups['command'] ?? '',
  }));
}

/**
 * Puts blocks in the place of those that stand in a page.
 *
 * @throws Error if a page asks for one that does not exist
 */
export function withBlocks(page: string, blocks: ReadonlyMap<string, string>): string {
  return page.replaceAll(MARKED, (_, head: string, name: string) => {
    const block = blocks.get(name);
    if (block === undefined) throw new Error(`there are no figures ${name}`);
    return `${head}${block}\n`;
  });
}
