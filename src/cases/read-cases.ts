import { readFileSync } from 'node:fs';
import { ConfigError, type Fault } from '../config/config-error.ts';
import { describeIssue } from '../config/issue-words.ts';
import { readIssues } from '../config/issues.ts';
import { parseSource } from '../config/parse-source.ts';
import { displayName } from '../config/read-files.ts';
import { faultAt, findPlace, type Located, lineAndColumn, plainValue, type Source } from '../config/source.ts';
import { finish } from '../lib/steps.ts';
import { findNearest } from '../nearest-word.ts';
import { type CaseFile, caseFile } from './case-file.ts';

/** A case file that passed every check but those that need the routes. */
export interface ReadCases {
  /** As it is shown to people. */
  readonly name: string;
  readonly file: CaseFile;
  /** The line in which each case begins. */
  readonly lines: readonly number[];
  /** A fault of what stands at a path, for whoever knows the routes. */
  faultAt(path: readonly PropertyKey[], message: string, hint?: string): Fault;
}

/** Reads JSON with comments, and checks it. Throws a ConfigError that lists every fault at once. */
export function readCases(path: string): ReadCases {
  const name = displayName(path);
  return parseCases({ name, text: readText(path, name) });
}

/** The same for a text. */
export function parseCases(source: Source): ReadCases {
  const faults: Fault[] = [];
  const report = (place: Parameters<typeof faultAt>[0], message: string, hint?: string): void => {
    faults.push(faultAt(place, message, hint));
  };
  const root = finish(parseSource(source, report, (text) => text));
  if (root === undefined || faults.length > 0) throw new ConfigError(faults);
  const told = (at: readonly PropertyKey[], message: string, hint?: string): Fault =>
    faultAt(findPlace(root, at).place, message, hint);
  const value = plainValue(root);
  const parsed = caseFile.safeParse(value, { error: describeIssue });
  if (!parsed.success) throw new ConfigError(describe(parsed.error.issues, value, root));
  const unknown = findUnknownCallers(parsed.data, told);
  if (unknown.length > 0) throw new ConfigError(unknown);
  const lines = parsed.data.cases.map((_, index) => lineAndColumn(findPlace(root, ['cases', index]).place).line);
  return { name: source.name, file: parsed.data, lines, faultAt: told };
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'there is no such file' : `the file can't be read (${code})`;
    const hint = 'docs/testing.md has one to begin with.';
    throw new ConfigError([{ file: name, line: 0, column: 0, path: '', message, hint }]);
  }
}

function describe(issues: Parameters<typeof readIssues>[0], value: unknown, root: Located): Fault[] {
  return readIssues(issues, value).map(({ path, message, hint, atKey }) => {
    const { place, keyPlace, isMissing } = findPlace(root, path);
    return faultAt(
      atKey === true ? keyPlace : place,
      isMissing ? `is missing: ${message.replace(/, got nothing$/, '')}` : message,
      hint,
    );
  });
}

function findUnknownCallers({ cases, callers }: CaseFile, told: ReadCases['faultAt']): Fault[] {
  const known = Object.keys(callers);
  return cases.flatMap(({ request }, index) => {
    if (request.as === undefined || Object.hasOwn(callers, request.as)) return [];
    const nearest = findNearest(request.as, known);
    const hint = nearest === undefined ? 'callers are named in "callers"' : `did you mean "${nearest}"?`;
    return [told(['cases', index, 'request', 'as'], `there is no caller "${request.as}"`, hint)];
  });
}
