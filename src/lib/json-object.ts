import { isRawNumber } from './json-text.ts';

/** An object of JSON: its own keys are all that counts, whatever they are called. */
export type JsonObject = { readonly [name: string]: unknown };

/** True for an object of JSON; a number that was kept as it was written is none. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

/** The value of a key that is the object's own; no `constructor` of all objects. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
