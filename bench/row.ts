/** A row of the table: a figure, and a baseline that was measured in the same run. */
export interface Row {
  readonly what: string;
  readonly measured: Figure;
  readonly baseline: Figure;
  /** A limit for the measured figure, or for its ratio to the baseline. */
  readonly goal:
    | { readonly of: 'measured' | 'ratio'; readonly atMost: number }
    | { readonly of: 'measured' | 'ratio'; readonly atLeast: number }
    | { readonly of: 'nothing' };
  /** Further remarks. */
  readonly notes?: readonly string[];
}

export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly what: string;
  /** Half the distance between the quartiles, as a share of the value; undefined for exact figures. */
  readonly spread?: number;
}

/** The measured figure divided by its baseline. */
export function ratioOf({ measured, baseline }: Row): number {
  return measured.value / baseline.value;
}

/** Whether the goal is met; undefined if there is none. */
export function isMet(row: Row): boolean | undefined {
  if (row.goal.of === 'nothing') return undefined;
  const value = row.goal.of === 'ratio' ? ratioOf(row) : row.measured.value;
  return 'atMost' in row.goal ? value <= row.goal.atMost : value >= row.goal.atLeast;
}

/** `≤ 1.5 ×`, `≥ 500,000 events/s`, or nothing. */
export function describeGoal({ goal, measured }: Row): string {
  if (goal.of === 'nothing') return '';
  const [sign, value] = 'atMost' in goal ? ['≤', goal.atMost] : ['≥', goal.atLeast];
  return `${sign} ${value.toLocaleString('en')}${goal.of === 'ratio' ? ' ×' : ` ${measured.unit}`}`;
}
