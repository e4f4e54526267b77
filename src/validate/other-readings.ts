import type { ProblemEntry } from '../errors.ts';
import { escapePointer } from '../lib/json-pointer.ts';

/** More than any query or form has; each costs. */
const MAX_PIECES = 1000;

/**
 * Faults of a query or a form whose names are read as one that is described, and so would get past its schema:
 * `role[]` and `[role]` (PHP, Rails, qs), ` role` and `role%00` (PHP), `my.role` for `my_role` (PHP), and what stands
 * behind a `;` (Perl, Python before 3.9.2). The text has been parsed: its escapes are right.
 */
export function findOtherReadings(
  text: string,
  described: ReadonlyMap<string, unknown>,
  place: ProblemEntry['in'] & string,
): ProblemEntry[] {
  const found = new Set<string>();
  if (described.size === 0) return [];
  let left = MAX_PIECES;
  for (const part of text.split('&')) {
    const [first = '', ...behind] = part.split(';', left);
    left -= behind.length;
    if (left <= 1) return [{ in: place, pointer: '', detail: `has more than ${MAX_PIECES} pieces` }];
    const name = decodeName(first);
    if (!described.has(name)) addReadings(name, described, found);
    for (const piece of behind) addReadings(decodeName(piece), described, found);
  }
  return [...found].map((name) => ({
    in: place,
    pointer: `/${escapePointer(name)}`,
    detail: 'must be written as it is: some would read another name as this one',
  }));
}

function decodeName(part: string): string {
  const mark = part.indexOf('=');
  const name = (mark < 0 ? part : part.slice(0, mark)).replaceAll('+', ' ');
  return decodeURIComponent(name);
}

function addReadings(name: string, described: ReadonlyMap<string, unknown>, found: Set<string>): void {
  const plain = stripEnds(name.split('\0', 1)[0] ?? '');
  const inBrackets = /^\[([^\]]*)\]/.exec(plain)?.[1];
  const base = stripEnds(inBrackets ?? plain.split('[', 1)[0] ?? '');
  for (const reading of [plain, base, base.replaceAll(/[ .]/g, '_')]) if (described.has(reading)) found.add(reading);
}

/** Without blanks at both ends, and without a question mark that stands twice. */
function stripEnds(name: string): string {
  return name.trim().replace(/^\?/, '');
}
