import { DURATION_UNITS, parseDurationMs } from '../schema-values.ts';
import { KeyStoreError } from './key-store.ts';

const NEVER = 'never';
/** 9999-12-31T23:59:59.999Z: a later time has no date that a file takes. */
const MAX_TIME_MS = 253_402_300_799_999;

/** When a new key ends, by `--expires`. Throws a KeyStoreError for what is no time, or none to live. */
export function readEnd(expires: string | undefined, nowMs: number): string | undefined {
  if (expires === undefined || expires === NEVER) return undefined;
  const end = readTime('expires', expires, nowMs);
  if (Date.parse(end) <= nowMs) throw new KeyStoreError(`--expires ${expires} makes a key that has ended already`);
  return end;
}

/** The time that comes so long after now. Throws a KeyStoreError. */
export function readTime(option: string, text: string, nowMs: number): string {
  const ms = parseDurationMs(text);
  if (ms === undefined)
    throw new KeyStoreError(`--${option} takes a duration such as 24h or 90d (units: ${DURATION_UNITS})`);
  if (nowMs + ms > MAX_TIME_MS) throw new KeyStoreError(`--${option} ${text} ends after the year 9999`);
  return new Date(nowMs + ms).toISOString();
}
