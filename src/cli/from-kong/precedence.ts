import type { Notes } from './notes.ts';
import { isBelow } from './paths.ts';

/** A row of `routes` under way, and what Kong would order it by. */
export interface Row {
  readonly name: string;
  readonly line: number;
  readonly prefixes: readonly string[];
  readonly pattern: string | undefined;
  readonly hosts: readonly string[] | undefined;
  readonly methods: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string | true>> | undefined;
  readonly strips: boolean;
  /** By its kinds of conditions, and of how many header fields. */
  readonly weight: number;
  readonly headerCount: number;
  readonly regexPriority: number;
  /** The rest of its keys. */
  readonly keys: Readonly<Record<string, unknown>>;
}

/** Rows that may be added for the sake of the order. */
const MAX_ADDED = 200;
const MAX_TOLD = 20;

/**
 * Kong asks the route with more kinds of conditions first, then one with a path by an expression, then the longer path;
 * here the longest prefix decides before anything else. Where a route with a shorter prefix wins in Kong it gets the
 * longer prefix as well, beside its conditions, so that it wins here too.
 */
export function keepPrecedence(rows: readonly Row[], notes: Notes): Row[] {
  const told = createTeller(notes);
  const added: Row[] = [];
  const kept = rows.map((row) => {
    const prefixes = prefixesToAdd(row, rows);
    if (prefixes.length === 0) return row;
    const [names, where] = [row.name, prefixes.join(', ')];
    if (keepsPath(row)) {
      told(
        row.line,
        `route ${names} has ${where} too, since Kong asks it before the routes there, or for other methods`,
      );
      return { ...row, prefixes: [...row.prefixes, ...prefixes], keys: { ...row.keys, stripPrefix: false } };
    }
    if (added.length + prefixes.length > MAX_ADDED) {
      told(row.line, `route ${names}: Kong asks it before the routes at ${where}, which win here`);
      return row;
    }
    told(
      row.line,
      `route ${names} has ${where} too, since Kong asks it before the routes there, or for other methods; limits count for each apart`,
    );
    added.push(...prefixes.map((prefix, at) => lengthened(row, prefix, at + 1)));
    return row;
  });
  tellSamePrefix(rows, told);
  return inOrder([...kept, ...added]);
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
  return [...new Set(below)].filter((prefix) => !row.prefixes.includes(prefix));
}

/** Kong asks it before the other, or after the other whose methods do not fit: that one would answer 405 here. */
function isAskedFirst(row: Row, other: Row): boolean {
  return winsInKong(row, other) || isAskedNext(row, other);
}

function isAskedNext(row: Row, other: Row): boolean {
  if (other.methods === undefined || !hostsOverlap(row.hosts, other.hosts)) return false;
  const hasOthers = row.methods === undefined || row.methods.some((method) => other.methods?.includes(method) !== true);
  // It may not take away what is the other's.
  return hasOthers && (winsInKong(row, other) || !winsHere(row, other));
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

function tellSamePrefix(rows: readonly Row[], told: Tell): void {
  for (const row of rows)
    for (const other of rows) {
      if (row.line === other.line || !samePrefix(row, other) || !mayMeet(row, other)) continue;
      if (winsInKong(row, other) && !winsHere(row, other))
        told(
          row.line,
          `route ${row.name}: Kong asks it before ${other.name} (line ${other.line}), here it is the other way round`,
        );
    }
}

/** The same route at a longer prefix: what is stripped of the path stays the same. */
function lengthened(row: Row, prefix: string, at: number): Row {
  const own = row.prefixes.filter((each) => isBelow(prefix, each)).sort((a, b) => b.length - a.length)[0] ?? '/';
  const keys =
    own === '/' ? { ...row.keys, stripPrefix: false } : { ...row.keys, rewritePrefix: prefix.slice(own.length) };
  return { ...row, name: `${row.name}-at-${at}`, prefixes: [prefix], keys };
}

function samePrefix(a: Row, b: Row): boolean {
  return a.prefixes.some((prefix) => b.prefixes.includes(prefix));
}

/** Whether one request may fit both. */
function mayMeet(a: Row, b: Row): boolean {
  return overlap(a.methods, b.methods) && hostsOverlap(a.hosts, b.hosts);
}

function overlap(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === undefined || b === undefined || a.some((each) => b.includes(each));
}

function hostsOverlap(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  const fits = (one: string, other: string): boolean =>
    one === other || (one.startsWith('*.') && other.endsWith(one.slice(1)));
  return a.some((one) => b.some((other) => fits(one, other) || fits(other, one)));
}

const longest = ({ prefixes }: Row): number => Math.max(...prefixes.map((prefix) => prefix.length));
const hasPlainHosts = ({ hosts }: Row): boolean => hosts?.every((host) => !host.startsWith('*')) === true;

function winsInKong(a: Row, b: Row): boolean {
  const order = [
    a.weight - b.weight,
    Number(hasPlainHosts(a)) - Number(hasPlainHosts(b)),
    a.headerCount - b.headerCount,
    Number(a.pattern !== undefined) - Number(b.pattern !== undefined),
    a.pattern === undefined ? 0 : a.regexPriority - b.regexPriority,
    longest(a) - longest(b),
  ];
  return (order.find((each) => each !== 0) ?? 0) > 0;
}

/** At the same prefix: hosts, then an expression, then headers, then methods. */
function winsHere(a: Row, b: Row): boolean {
  const has = ({ hosts, pattern, headers, methods }: Row): number[] =>
    [hosts, pattern, headers, methods].map((each) => Number(each !== undefined));
  const [ofA, ofB] = [has(a), has(b)];
  const order = ofA.map((each, at) => each - (ofB[at] ?? 0)).find((each) => each !== 0);
  return (order ?? 1) > 0;
}
