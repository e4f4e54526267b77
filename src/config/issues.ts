import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

/** A zod issue in the words of the file. */
export interface ReadableIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly hint?: string;
  /** True when the name of the key is wrong, not its value. */
  readonly atKey?: boolean;
  /** The key that was probably meant by an unknown one. */
  readonly meant?: string;
}

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

const MAX_LISTED_KEYS = 12;

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

export function joinOr(items: readonly string[]): string {
  const unique = [...new Set(items)];
  const last = unique.pop() ?? '';
  return unique.length === 0 ? last : `${unique.join(', ')} or ${last}`;
}

/**
 * Turns zod's issues into faults: one per unknown key, and the branch that was meant instead of a union's dump.
 * `input` is what was parsed; it is only looked at to find out what was meant.
 */
export function readIssues(issues: readonly Issue[], input: unknown): ReadableIssue[] {
  const readable = issues.flatMap((issue) => readIssue(issue, issue.path, input));
  // A misspelt key that is required would be told twice: as unknown, and as missing.
  const meant = new Set(
    readable.flatMap(({ path, meant: key }) => (key === undefined ? [] : [pathKey([...path.slice(0, -1), key])])),
  );
  return readable.filter(({ path }) => !meant.has(pathKey(path)) || valueAt(input, path) !== undefined);
}

function pathKey(path: readonly PropertyKey[]): string {
  return path.map(String).join('\n');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Record<PropertyKey, unknown> | null | undefined)?.[part],
    input,
  );
}

function readIssue(issue: Issue, path: readonly PropertyKey[], input: unknown): ReadableIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, knownKeys.get(issue.keys) ?? []));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `this name is refused: ${issue.issues[0]?.message ?? 'invalid'}`, atKey: true }];
  }
  if (issue.code === 'invalid_union') return readUnion(issue, path, input);
  if (issue.code !== 'invalid_value') return [{ path, message: issue.message }];
  const meant = findNearest(valueAt(input, path), issue.values.map(String));
  return [{ path, message: issue.message, ...(meant === undefined ? {} : { hint: `did you mean "${meant}"?` }) }];
}

export function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): ReadableIssue {
  const message = `unknown key "${key}"`;
  const meant = findNearest(key, known);
  if (meant !== undefined) return { path, message, atKey: true, meant, hint: `did you mean "${meant}"?` };
  if (known.length === 0 || known.length > MAX_LISTED_KEYS) return { path, message, atKey: true };
  return { path, message, atKey: true, hint: `Known here: ${known.join(', ')}.` };
}

/** The word that was probably meant, if one is near enough; case and `_` or `-` between words don't count. */
function findNearest(given: unknown, known: readonly string[]): string | undefined {
  if (typeof given !== 'string' || known.length === 0) return undefined;
  const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, '');
  const wanted = plain(given);
  const nearest = closest(wanted, known.map(plain));
  const edits = distance(wanted, nearest);
  const isNear = edits <= Math.max(2, Math.floor(wanted.length / 3)) && edits < Math.min(wanted.length, nearest.length);
  return isNear ? known.find((each) => plain(each) === nearest) : undefined;
}

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

/**
 * A union's value had one of its forms, with a mistake inside, or none of them.
 * In the first case only that form's faults are told, in the second what would have been right.
 */
function readUnion(issue: UnionIssue, path: readonly PropertyKey[], input: unknown): ReadableIssue[] {
  const branches = issue.errors;
  if (branches.length === 0) {
    const options = 'options' in issue ? (issue.options ?? []) : [];
    const message =
      options.length > 0 ? `expected ${joinOr(options.map((value) => JSON.stringify(String(value))))}` : 'fits no form';
    return [{ path, message }];
  }
  const meant = branches.filter((branch) => branch.every((each) => !isOtherForm(each)));
  const [best] = meant.sort((a, b) => depthOf(b) - depthOf(a) || a.length - b.length);
  if (best !== undefined) return best.flatMap((each) => readIssue(each, [...path, ...each.path], input));
  const roots = branches.flatMap((branch) => branch.filter(isOtherForm));
  const hint = roots.flatMap((each) => readIssue(each, path, input)).find((each) => each.hint !== undefined)?.hint;
  return [
    { path, message: `expected ${joinOr(roots.flatMap(expectationsOf))}`, ...(hint === undefined ? {} : { hint }) },
  ];
}

function expectationsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map((value) => JSON.stringify(value));
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(expectationsOf);
  return [issue.message.replace(/^expected /, '').replace(/, got [^,]*$/, '')];
}

function depthOf(branch: readonly Issue[]): number {
  return Math.max(...branch.map((issue) => issue.path.length));
}

/** True when the value as a whole has not the type or not one of the words that this branch takes. */
function isOtherForm(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_type' || issue.code === 'invalid_value') return true;
  return issue.code === 'invalid_union' && issue.errors.every((branch) => branch.some(isOtherForm));
}
