let isoAtMs = 0;
let iso = '';

/** The last one is remembered: many requests end within a millisecond. */
export function isoTime(ms: number): string {
  if (ms !== isoAtMs) {
    isoAtMs = ms;
    iso = new Date(ms).toISOString();
  }
  return iso;
}
