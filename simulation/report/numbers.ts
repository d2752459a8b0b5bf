/** The least, the middle and the greatest of some numbers. */
export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? 0;
  return { least: at(0), median: at(Math.floor((sorted.length - 1) / 2)), most: at(sorted.length - 1) };
}

/** `least – median – most`, or one number if they look the same. */
export function showSpread(values: readonly number[], show: (value: number) => string): string {
  const { least, median, most } = spreadOf(values);
  const texts = [least, median, most].map(show);
  return new Set(texts).size === 1 ? show(median) : texts.join(' – ');
}

/** A number with at most about three digits: 812, 12,300, 4.25 million. */
export function showCount(value: number): string {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  return (Math.abs(value) >= 10_000 ? Number(value.toPrecision(3)) : Math.round(value)).toLocaleString('en');
}

/** A duration: 3.4 s, 46 min, 5.9 h. */
export function showSeconds(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return seconds < 100 * 60 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
