/**
 * The value below which a share of what a histogram has counted lies, interpolated within its bucket as Prometheus does
 * (`histogram_quantile`): what lies above all bounds is told as the highest of them. Undefined where nothing was counted.
 *
 * @param counts of each bucket by itself, with one place more than there are bounds.
 * @param share 0..1.
 */
export function percentileOf(counts: ArrayLike<number>, bounds: readonly number[], share: number): number | undefined {
  let total = 0;
  for (let i = 0; i < counts.length; i += 1) total += counts[i] as number;
  if (total === 0) return undefined;
  let left = share * total;
  for (const [place, upper] of bounds.entries()) {
    const count = counts[place] as number;
    if (count > 0 && left <= count) {
      const lower = bounds[place - 1] ?? 0;
      return lower + ((upper - lower) * left) / count;
    }
    left -= count;
  }
  return bounds.at(-1);
}
