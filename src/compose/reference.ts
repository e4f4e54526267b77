import { isRawNumber } from '../lib/json-text.ts';

/** A value that a target needs: a segment of the route's prefix, or something of another part's answer. */
export interface Reference {
  readonly root: 'params' | 'parts';
  /** Of the segment, or of the part. */
  readonly name: string;
  /** The way into the part's answer: members of objects, places in lists. */
  readonly path: readonly (string | number)[];
  /** As written. */
  readonly text: string;
}

/** A name that needs no quotes. */
export const DASHLESS_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

const REFERENCE = /^(params|parts)\.([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d{1,6}\])*)$/;
const STEP = /\.(\w+)|\[(\d+)\]/g;
const MAX_STEPS = 16;

/** Reads `params.id`, `parts.user.teams[0].id`; answers what is wrong with anything else. */
export function parseReference(source: string): Reference | string {
  const text = source.trim();
  const [, root, name, way = ''] = REFERENCE.exec(text) ?? [];
  if (root === undefined || name === undefined) {
    return 'expected a value such as params.id or parts.user.teams[0].id';
  }
  const path = [...way.matchAll(STEP)].map(([, member, index]) => member ?? Number(index));
  if (root === 'params' && path.length > 0) return 'a segment of the prefix is a text, and has no members';
  if (path.length > MAX_STEPS) return `goes deeper than ${MAX_STEPS} steps`;
  return { root: root as Reference['root'], name, path, text };
}

/**
 * The text of the value at the end of the way; undefined where there is none that could stand in a URL: nothing, null,
 * a list or an object. Only what the answer itself has is found, nothing that objects inherit.
 */
export function textAt(value: unknown, path: readonly (string | number)[]): string | undefined {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || isRawNumber(at)) return undefined;
    if (Array.isArray(at) !== (typeof step === 'number') || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  if (isRawNumber(at)) return at.rawJSON;
  return typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean' ? String(at) : undefined;
}
