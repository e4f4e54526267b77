import type { z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

// zod hands on the very array of unknown keys from the raw issue to the final one: it carries what would have been known.
const knownKeys = new WeakMap<readonly string[], readonly string[]>();

/** The error map for `safeParse`: our words where a schema has none of its own. Inputs are never repeated. */
export function describeIssue(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nameOfType(issue.expected)}, got ${nameOfValue(issue.input, issue.expected)}`;
    case 'invalid_value':
      return `expected ${joinOr(issue.values.map((value) => JSON.stringify(value)))}`;
    case 'unrecognized_keys':
      knownKeys.set(issue.keys, shapeKeys(issue.inst));
      return 'unknown key';
    case 'too_small':
      return renderBound(issue.origin, issue.minimum, issue.inclusive === false ? 'more than' : 'at least');
    case 'too_big':
      return renderBound(issue.origin, issue.maximum, issue.inclusive === false ? 'less than' : 'at most');
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? 'has the wrong form' : `expected a valid ${issue.format}`;
    default:
      return undefined;
  }
}

function shapeKeys(schema: unknown): string[] {
  const shape = (schema as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape;
  return Object.keys(shape ?? {});
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  never: 'nothing',
  null: 'null',
};

function nameOfType(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function nameOfValue(value: unknown, expected: string): string {
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return 'a number that is too large';
  if (typeof value === 'number' && expected === 'int') return 'a fraction';
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'boolean' ? String(value) : nameOfType(typeof value);
}

function renderBound(origin: string, bound: number | bigint, word: string): string {
  if (origin === 'string')
    return bound === 1 && word === 'at least' ? 'must not be empty' : `must have ${word} ${bound} characters`;
  if (origin !== 'array') return `must be ${word} ${bound}`;
  return bound === 1 && word === 'at least'
    ? 'the list must not be empty'
    : `the list must have ${word} ${bound} entries`;
}

/** What the object, whose unknown keys zod lists in this very array, would have known. */
export function knownKeysOf(unknown: readonly string[]): readonly string[] {
  return knownKeys.get(unknown) ?? [];
}

export function joinOr(items: readonly string[]): string {
  const unique = [...new Set(items)];
  const last = unique.pop() ?? '';
  return unique.length === 0 ? last : `${unique.join(', ')} or ${last}`;
}
