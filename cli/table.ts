/**
 * Formats a table with aligned columns, for a terminal. Where it is too narrow for that, each row becomes a block with a line
 * for each cell.
 *
 * @param width the columns of the terminal; no limit by default
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const beforeLast = widths.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, 0);
  const roomForLast = Math.max(0, width - beforeLast);
  if (roomForLast < Math.min(widths.at(-1) ?? 0, LEAST_LAST_COLUMN)) return blocks(head, rows, width);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === head.length - 1 ? cut(cell, roomForLast) : cell.padEnd(widths[column] ?? 0)))
      .join(GAP)
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}

/** Cuts a text to a number of characters, and shows that it was cut. */
export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** The columns of the terminal that standard output is; undefined if it is none. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
}

const GAP = '  ';
/** The last column is cut, but not below this number of characters. */
const LEAST_LAST_COLUMN = 30;

function blocks(head: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const names = Math.max(...head.map(({ length }) => length));
  const block = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        `${(head[column] ?? '').padEnd(names)}${GAP}${cut(cell, width - names - GAP.length)}`.trimEnd(),
      )
      .join('\n');
  return rows.map(block).join('\n\n');
}
