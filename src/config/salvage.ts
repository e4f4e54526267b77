import { z } from 'zod';
import type { ReadableIssue } from './issues.ts';

/** What is left of a value with faults, so that the checks beyond the schema can tell theirs in the same round. */
export interface Salvaged<T> {
  readonly value: T;
  /** Names of what was left out, or stands for what was wrong: nothing more is said of it. */
  readonly broken: ReadonlySet<string>;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * A route without the keys that are wrong; a misspelt one takes the key with it that was probably meant. Undefined where
 * nothing can be made of it.
 */
export function salvageRoute<T>(
  schema: z.ZodType<T>,
  value: unknown,
  issues: readonly ReadableIssue[],
): Salvaged<T> | undefined {
  if (!isFields(value)) return undefined;
  const broken = new Set<string>();
  for (const { path, meant, atKey } of issues) {
    if (path[0] !== undefined) broken.add(String(path[0]));
    if (atKey === true && path.length === 1 && meant !== undefined) broken.add(meant);
  }
  const kept = Object.entries(value).filter(([key]) => !broken.has(key));
  // Every route needs one; what looks at it is told that it is broken.
  const standIn = broken.has('prefix') ? { prefix: '/' } : {};
  const result = schema.safeParse({ ...Object.fromEntries(kept), ...standIn });
  return result.success ? { value: result.data, broken } : undefined;
}

/**
 * A key of the file that holds things by name: those that are wrong become empty ones, since whoever names them names
 * something that is there. Undefined for other kinds of keys, and where an empty one won't do.
 */
export function salvageNamed<T>(
  schema: z.core.$ZodType<T>,
  value: unknown,
  issues: readonly ReadableIssue[],
): Salvaged<T> | undefined {
  if (!isFields(value) || !isRecord(schema)) return undefined;
  const broken = new Set(issues.map(({ path }) => String(path[0] ?? '')));
  const standIns = Object.fromEntries([...broken].map((name) => [name, {}]));
  const result = z.safeParse(schema, { ...value, ...standIns });
  return result.success ? { value: result.data, broken } : undefined;
}

function isRecord(schema: z.core.$ZodType): boolean {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap();
  return inner instanceof z.ZodRecord;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
