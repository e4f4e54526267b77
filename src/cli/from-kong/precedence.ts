import { isDeepStrictEqual } from 'node:util';
import type { Notes } from './notes.ts';
import { isBelow } from './paths.ts';
import { hostsOverlap, hostsToAdd, isDominated, mayMeet, type Row, samePrefix, winsHere, winsInKong } from './row.ts';

/** Rows that may be added for the sake of the order, and how many there may be then. */
const MAX_ADDED = 200;
const MAX_ROWS = 10_000;
const MAX_ROUNDS = 8;
const MAX_TOLD = 20;

/**
 * Kong asks the route with more kinds of conditions first, then one with a path by an expression, then the longer path;
 * here the longest prefix decides before anything else. Where a route with a shorter prefix wins in Kong it gets the
 * longer prefix as well, beside its conditions, so that it wins here too.
 */
export function keepPrecedence(rows: readonly Row[], notes: Notes): Row[] {
  const told = createTeller(notes);
  let all: readonly Row[] = rows;
  // A prefix that one of them has got may stop what fell through to another one.
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = lengthen(all);
    if (next.length === all.length && next.every((row, at) => row === all[at])) break;
    all = next;
  }
  tellAdded(rows, all, told);
  const levelled = inOrder(keepAtSamePrefix(all, told));
  tellLimits(levelled, notes);
  return levelled;
}

function tellLimits(rows: readonly Row[], notes: Notes): void {
  for (const { source, line, name, keys } of rows.filter(({ isCopy }) => isCopy)) {
    if (keys['rateLimits'] === undefined) continue;
    const own = rows.find((row) => row.source === source && !row.isCopy)?.name ?? name;
    notes.changed(
      line,
      `route ${own} stands there more than once, for the sake of the order; limits count for each apart`,
    );
  }
}

/** Gives each route the prefixes that it needs; as further rows where its service would see another path. */
function lengthen(rows: readonly Row[]): readonly Row[] {
  const added: Row[] = [];
  const kept = rows.map((row) => {
    if (row.isCopy) return row;
    const copies = rows.filter((other) => other.isCopy && other.name.startsWith(`${row.name}-at-`));
    const prefixes = prefixesToAdd(row, rows).filter(
      (prefix) => !copies.some((copy) => copy.prefixes.includes(prefix)),
    );
    if (prefixes.length === 0 || rows.length + added.length + prefixes.length > MAX_ROWS) return row;
    if (keepsPath(row))
      return { ...row, prefixes: [...row.prefixes, ...prefixes], keys: { ...row.keys, stripPrefix: false } };
    added.push(...prefixes.map((prefix, at) => lengthened(row, prefix, copies.length + at + 1)));
    return row;
  });
  return added.length === 0 && kept.every((row, at) => row === rows[at]) ? rows : [...kept, ...added];
}

function tellAdded(before: readonly Row[], after: readonly Row[], told: Tell): void {
  for (const row of before) {
    const now = after.filter(({ name }) => name === row.name || name.startsWith(`${row.name}-at-`));
    const prefixes = [...new Set(now.flatMap((each) => each.prefixes))].filter((each) => !row.prefixes.includes(each));
    if (prefixes.length === 0) continue;
    told(
      row.line,
      `route ${row.name} has ${prefixes.join(', ')} too, since Kong asks it before the routes there, or for other methods`,
    );
  }
}

type Tell = (line: number, text: string) => void;

function createTeller(notes: Notes): Tell {
  let told = 0;
  return (line, text) => {
    told += 1;
    if (told <= MAX_TOLD) notes.changed(line, text);
    else notes.changed(0, 'more routes are asked in another order than in Kong: compare by turnpike explain');
  };
}

/** Prefixes of other routes, below one of its own, where Kong asks this one first. */
function prefixesToAdd(row: Row, rows: readonly Row[]): string[] {
  const losing = rows.filter(
    (other) => other !== row && (mayMeet(row, other) ? isAskedFirst(row, other) : isAskedNext(row, other)),
  );
  const below = losing
    .flatMap(({ prefixes }) => prefixes)
    .filter((prefix) => row.prefixes.some((own) => isBelow(prefix, own)));
  return [...new Set(below)].filter(
    (prefix) =>
      !row.prefixes.includes(prefix) &&
      !rows.some((other) => other.prefixes.includes(prefix) && isDominated(row, other)),
  );
}

/** Kong asks it before the other, or after the other whose methods do not fit: that one would answer 405 here. */
function isAskedFirst(row: Row, other: Row): boolean {
  return winsInKong(row, other) || isAskedNext(row, other);
}

function isAskedNext(row: Row, other: Row): boolean {
  if (other.methods === undefined || !hostsOverlap(row.hosts, other.hosts)) return false;
  return row.methods === undefined || row.methods.some((method) => other.methods?.includes(method) !== true);
}

/** Whether what its service sees of the path is the same whatever prefix has matched. */
function keepsPath({ pattern, strips, prefixes, keys }: Row): boolean {
  return (
    pattern !== undefined || !strips || keys['stripPrefix'] === false || prefixes.every((prefix) => prefix === '/')
  );
}

/** At the same prefix, with the same kinds of conditions, the order of the file decides: it is Kong's, where it matters. */
function inOrder(rows: readonly Row[]): Row[] {
  const isWrong = rows.some((row, at) =>
    rows.slice(0, at).some((earlier) => samePrefix(row, earlier) && mayMeet(row, earlier) && winsInKong(row, earlier)),
  );
  return isWrong ? rows.toSorted((a, b) => Number(winsInKong(b, a)) - Number(winsInKong(a, b))) : [...rows];
}

/** An expression that every path fits: it puts a route beside those that have one. */
const ANY_PATH = '^/';

/**
 * At the same prefix hosts come first here, then expressions: a route that Kong asks first for its other conditions gets
 * an expression that says nothing, or stands there once more with the hosts of the other.
 */
function keepAtSamePrefix(rows: readonly Row[], told: Tell): readonly Row[] {
  let all = rows;
  const copied = new Set<string>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = levelled(all, copied);
    if (next.length === all.length && next.every((row, at) => row === all[at])) break;
    all = next;
  }
  for (const row of all)
    for (const other of all.filter((each) => isWrongHere(row, each) && !hasCopy(all, row, each)))
      told(row.line, otherWayRound(row, other));
  return all;
}

/** Whether it stands there for the hosts of the other too. */
function hasCopy(rows: readonly Row[], row: Row, other: Row): boolean {
  const wanted = withHostsOf(row, other);
  const isWanted = ({ source, hosts, prefixes }: Row): boolean =>
    source === row.source && isDeepStrictEqual([hosts, prefixes], [wanted?.hosts, wanted?.prefixes]);
  return wanted !== undefined && rows.some(isWanted);
}

/** @param copied what has been added already: a route, where, and for which hosts. */
function levelled(rows: readonly Row[], copied: Set<string>): readonly Row[] {
  const added: Row[] = [];
  const kept = rows.map((row) => {
    const winners = rows.filter((other) => isWrongHere(row, other));
    for (const other of winners) {
      const copy = withHostsOf(row, other);
      const key = JSON.stringify([row.name, copy?.prefixes, copy?.hosts]);
      if (copy === undefined || copied.has(key) || copied.size === MAX_ADDED) continue;
      copied.add(key);
      added.push({ ...copy, name: `${row.name}-at-${99 + copied.size}` });
    }
    const plain = { ...row, pattern: row.pattern ?? ANY_PATH };
    const isMended = winners.some((other) => withHostsOf(row, other) === undefined && !isWrongHere(plain, other));
    return isMended ? plain : row;
  });
  return [...kept, ...added];
}

/** The same route once more, for the hosts that the other has before it; undefined where it has none. */
function withHostsOf(row: Row, other: Row): Row | undefined {
  const hosts = hostsToAdd(row, other);
  if (hosts === undefined) return undefined;
  const prefixes = row.prefixes.filter((prefix) => other.prefixes.includes(prefix));
  return { ...row, isCopy: true, prefixes, hosts, pattern: row.pattern ?? (other.pattern && ANY_PATH) };
}

function otherWayRound(row: Row, other: Row): string {
  return `route ${row.name}: Kong asks it before ${other.name} (line ${other.line}), here it is the other way round`;
}

function isWrongHere(row: Row, other: Row): boolean {
  if (row.source === other.source || !samePrefix(row, other) || !mayMeet(row, other)) return false;
  return winsInKong(row, other) && !winsHere(row, other);
}

/** The same route at a longer prefix: what is stripped of the path stays the same. */
function lengthened(row: Row, prefix: string, at: number): Row {
  const own = row.prefixes.filter((each) => isBelow(prefix, each)).sort((a, b) => b.length - a.length)[0] ?? '/';
  const keys =
    own === '/' ? { ...row.keys, stripPrefix: false } : { ...row.keys, rewritePrefix: prefix.slice(own.length) };
  return { ...row, name: `${row.name}-at-${at}`, prefixes: [prefix], keys, isCopy: true };
}
