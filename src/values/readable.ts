import { isRawNumber } from '../lib/json-text.ts';

const readableOf = new WeakMap<object, unknown>();

/**
 * JSON as the language can read it: numbers that were kept as they were written become doubles, and an object with a
 * key `constructor`, by which the language would tell its type, becomes a map. The same object where there is neither.
 */
export function readable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  let known = readableOf.get(value);
  if (known === undefined) {
    known = convert(value);
    readableOf.set(value, known);
  }
  return known;
}

/** Longest integers of the language, in either direction (CEL, int). */
const MAX_INT = 2n ** 63n;

/** An integer that a double would round is one of the language's own, to the last digit. */
function numberOf(source: string): number | bigint {
  if (!/^-?\d{1,19}$/.test(source)) return Number(source);
  const whole = BigInt(source);
  return whole < MAX_INT && whole >= -MAX_INT ? whole : Number(source);
}

function convert(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isRawNumber(value)) return numberOf(value.rawJSON);
  if (value instanceof Map || value instanceof Date) return value;
  if (Array.isArray(value)) {
    const items = value.map(convert);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const before = Object.entries(value);
  const entries = before.map(([name, item]): [string, unknown] => [name, convert(item)]);
  if (Object.hasOwn(value, 'constructor')) return new Map(entries);
  return entries.every(([, item], index) => item === before[index]?.[1]) ? value : Object.fromEntries(entries);
}
