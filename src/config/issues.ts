import type { z } from 'zod';
import { findNearest } from '../nearest-word.ts';
import { translateKey, translateValue } from './foreign-words.ts';
import { joinOr, knownKeysOf } from './issue-words.ts';

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

const MAX_LISTED_KEYS = 12;

/**
 * Turns zod's issues into faults: one per unknown key, and the branch that was meant instead of a union's dump.
 * `input` is what was parsed; it is only looked at to find out what was meant.
 */
export function readIssues(issues: readonly Issue[], input: unknown): ReadableIssue[] {
  const readable = issues
    .flatMap((issue) => readIssue(issue, issue.path, input))
    .map((issue) => withTranslation(issue, input));
  // A misspelt key that is required would be told twice: as unknown, and as missing.
  const meant = new Set(
    readable.flatMap(({ path, meant: key }) => (key === undefined ? [] : [pathKey([...path.slice(0, -1), key])])),
  );
  return readable.filter(({ path }) => !meant.has(pathKey(path)) || valueAt(input, path) !== undefined);
}

function withTranslation(issue: ReadableIssue, input: unknown): ReadableIssue {
  return issue.atKey === true ? issue : { ...issue, ...translateValue(issue.path, valueAt(input, issue.path)) };
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
    return issue.keys.map((key) => unknownKey([...path, key], key, knownKeysOf(issue.keys)));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `this name is refused: ${issue.issues[0]?.message ?? 'invalid'}`, atKey: true }];
  }
  if (issue.code === 'invalid_union') return readUnion(issue, path, input);
  if (issue.code === 'custom') return [{ path, message: issue.message, ...hintOf(issue) }];
  if (issue.code !== 'invalid_value') return [{ path, message: issue.message }];
  const meant = findNearest(valueAt(input, path), issue.values.map(String));
  return [{ path, message: issue.message, ...(meant === undefined ? {} : { hint: `did you mean "${meant}"?` }) }];
}

/** A rule of a schema may bring its hint along. */
function hintOf({ params }: Extract<Issue, { code: 'custom' }>): { readonly hint?: string } {
  const hint: unknown = params?.['hint'];
  return typeof hint === 'string' ? { hint } : {};
}

export function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): ReadableIssue {
  const message = `unknown key "${key}"`;
  const foreign = translateKey(key, known);
  if (foreign !== undefined) return { path, message, atKey: true, ...foreign };
  const meant = findNearest(key, known);
  if (meant !== undefined) return { path, message, atKey: true, meant, hint: `did you mean "${meant}"?` };
  if (known.length === 0 || known.length > MAX_LISTED_KEYS) return { path, message, atKey: true };
  return { path, message, atKey: true, hint: `Known here: ${known.join(', ')}.` };
}

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

/**
 * A union's value had one of its forms, with a mistake inside, or none of them.
 * In the first case only that form's faults are told, in the second what would have been right.
 */
function readUnion(issue: UnionIssue, path: readonly PropertyKey[], input: unknown): ReadableIssue[] {
  const branches = branchesOf(issue);
  if (branches.length === 0) {
    const options = 'options' in issue ? (issue.options ?? []) : [];
    const message =
      options.length > 0 ? `expected ${joinOr(options.map((value) => JSON.stringify(String(value))))}` : 'fits no form';
    return [{ path, message }];
  }
  const meant = branches.filter((branch) => branch.every((each) => !isOtherForm(each)));
  const unknown = readUnknownToAll(meant, path);
  if (unknown.length > 0) return unknown;
  const [best] = meant.sort((a, b) => depthOf(b) - depthOf(a) || a.length - b.length);
  if (best !== undefined) return best.flatMap((each) => readIssue(each, [...path, ...each.path], input));
  const roots = branches.flatMap((branch) => branch.filter(isOtherForm));
  const hint = roots.flatMap((each) => readIssue(each, path, input)).find((each) => each.hint !== undefined)?.hint;
  return [
    { path, message: `expected ${joinOr(roots.flatMap(expectationsOf))}`, ...(hint === undefined ? {} : { hint }) },
  ];
}

/** The forms of a union, with those of the unions that are forms of it. */
function branchesOf(issue: UnionIssue): readonly (readonly Issue[])[] {
  return issue.errors.flatMap((branch) => {
    const [only, ...others] = branch;
    const isNested = only?.code === 'invalid_union' && only.path.length === 0 && others.length === 0;
    return isNested ? branchesOf(only) : [branch];
  });
}

/** Keys that none of several objects would take: what was meant may be a key of any of them. */
function readUnknownToAll(branches: readonly (readonly Issue[])[], path: readonly PropertyKey[]): ReadableIssue[] {
  const refused = branches.map((branch) => {
    const issue = branch.find((each) => each.code === 'unrecognized_keys' && each.path.length === 0);
    return issue?.code === 'unrecognized_keys' ? issue.keys : [];
  });
  const [first = [], ...others] = refused;
  const known = [...new Set(refused.flatMap((keys) => knownKeysOf(keys)))];
  const unknown = others.length === 0 ? [] : first.filter((key) => others.every((keys) => keys.includes(key)));
  return unknown.map((key) => unknownKey([...path, key], key, known));
}

function expectationsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map((value) => JSON.stringify(value));
  return [issue.message.replace(/^expected /, '').replace(/, got [^,]*$/, '')];
}

function depthOf(branch: readonly Issue[]): number {
  return Math.max(...branch.map((issue) => issue.path.length));
}

/** True when the value as a whole has not the type or not one of the words that this branch takes. */
function isOtherForm(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}
