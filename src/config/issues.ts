import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

/** A zod issue in the words of the file. */
export interface ReadableIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly hint?: string;
  /** True when the name of the key is wrong, not its value. */
  readonly atKey?: boolean;
}

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

// zod hands on the very array of unknown keys from the raw issue to the final one: it carries what would have been known.
const knownKeys = new WeakMap<readonly string[], readonly string[]>();
const givenTexts = new WeakMap<readonly unknown[], string>();

/** The error map for `safeParse`: our words where a schema has none of its own. Inputs are never repeated. */
export function describeIssue(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nameOfType(issue.expected)}, got ${nameOfValue(issue.input)}`;
    case 'invalid_value':
      if (typeof issue.input === 'string') givenTexts.set(issue.values, issue.input);
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

function nameOfValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'boolean' ? String(value) : nameOfType(typeof value);
}

function renderBound(origin: string, bound: number | bigint, word: string): string {
  if (origin === 'string') return bound === 1 && word === 'at least' ? 'must not be empty' : `must have ${word} ${bound} characters`;
  if (origin !== 'array') return `must be ${word} ${bound}`;
  return bound === 1 && word === 'at least' ? 'the list must not be empty' : `the list must have ${word} ${bound} entries`;
}

export function joinOr(items: readonly string[]): string {
  const unique = [...new Set(items)];
  const last = unique.pop() ?? '';
  return unique.length === 0 ? last : `${unique.join(', ')} or ${last}`;
}

/** Turns zod's issues into faults: one per unknown key, and the branch that was meant instead of a union's dump. */
export function readIssues(issues: readonly Issue[], base: readonly PropertyKey[] = []): ReadableIssue[] {
  return issues.flatMap((issue) => readIssue(issue, [...base, ...issue.path]));
}

function readIssue(issue: Issue, path: readonly PropertyKey[]): ReadableIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, knownKeys.get(issue.keys) ?? []));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `this name is refused: ${issue.issues[0]?.message ?? 'invalid'}`, atKey: true }];
  }
  if (issue.code === 'invalid_union') return readUnion(issue, path);
  if (issue.code !== 'invalid_value') return [{ path, message: issue.message }];
  const given = givenTexts.get(issue.values);
  return [{ path, message: issue.message, ...suggest(given, issue.values.map(String)) }];
}

export function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): ReadableIssue {
  const hint = suggest(key, known).hint ?? (known.length > 0 && known.length <= 12 ? `Known here: ${known.join(', ')}.` : undefined);
  return { path, message: `unknown key "${key}"`, atKey: true, ...(hint === undefined ? {} : { hint }) };
}

/** "Did you mean", when something known is near enough; case and `_` or `-` between words don't count. */
function suggest(given: string | undefined, known: readonly string[]): { hint?: string } {
  if (given === undefined || known.length === 0) return {};
  const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, '');
  const wanted = plain(given);
  const nearest = closest(wanted, known.map(plain));
  const match = known.find((each) => plain(each) === nearest);
  const limit = Math.max(1, Math.floor(Math.max(wanted.length, nearest.length) / 3));
  return match !== undefined && distance(wanted, nearest) <= limit ? { hint: `did you mean "${match}"?` } : {};
}

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

/**
 * A union's value had one of its forms, with a mistake inside, or none of them.
 * In the first case only that form's faults are told, in the second what would have been right.
 */
function readUnion(issue: UnionIssue, path: readonly PropertyKey[]): ReadableIssue[] {
  const branches = issue.errors;
  if (branches.length === 0) {
    const options = 'options' in issue ? (issue.options ?? []) : [];
    const message = options.length > 0 ? `expected ${joinOr(options.map((value) => JSON.stringify(String(value))))}` : 'fits no form';
    return [{ path, message }];
  }
  const meant = branches.filter((branch) => branch.every((each) => !isOtherForm(each)));
  const [best] = meant.sort((a, b) => depthOf(b) - depthOf(a) || a.length - b.length);
  if (best !== undefined) return readIssues(best, path);
  const roots = branches.flatMap((branch) => branch.filter(isOtherForm));
  const hint = roots.flatMap((each) => readIssue(each, path)).find((each) => each.hint !== undefined)?.hint;
  return [{ path, message: `expected ${joinOr(roots.flatMap(expectationsOf))}`, ...(hint === undefined ? {} : { hint }) }];
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
