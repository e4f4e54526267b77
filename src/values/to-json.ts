/** A value of the language as JSON has it: timestamps in RFC 3339, bytes in base64, nothing as null. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return numberOf(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (Array.isArray(value) || value instanceof Set) return [...value].map(toJson);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return objectOf(value);
}

/** The same in a string: text as it is, nothing as an empty text, lists and maps as JSON. */
export function toText(value: unknown): string {
  const plain = toJson(value);
  if (typeof plain === 'string') return plain;
  return plain === null ? '' : JSON.stringify(plain);
}

function objectOf(value: object): unknown {
  if (value instanceof Map) return fromEntries([...value]);
  if ('rawJSON' in value) return value;
  // What `.?` finds, or not.
  if ('orValue' in value && typeof value.orValue === 'function') return toJson(value.orValue(null));
  const prototype: unknown = Object.getPrototypeOf(value);
  // Durations and types are told by their text.
  return prototype === Object.prototype || prototype === null ? fromEntries(Object.entries(value)) : String(value);
}

function numberOf(value: bigint): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : rawJSON(String(value));
}

const fromEntries = (entries: [unknown, unknown][]): unknown =>
  Object.fromEntries(entries.map(([key, item]) => [String(key), toJson(item)]));
