/** Waits until `look` finds something, and returns it; fails after `timeoutMs` rather than for ever. */
export async function until<T>(
  look: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 10, what = 'what was waited for' } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found as NonNullable<Exclude<T, false>>;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
