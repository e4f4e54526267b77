const FIRST_MS = 100;

/**
 * Milliseconds to wait before trying again: 100 ms, doubling with each failure in a row up to `mostMs`, of which a
 * random half is taken away, so that many who failed together don't come back together.
 */
export function backoffMs(failures: number, mostMs: number, random: () => number): number {
  const wholeMs = Math.min(mostMs, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return wholeMs * (0.5 + random() / 2);
}
