import { isDeepStrictEqual } from 'node:util';

/** A row of `routes` under way, and what Kong would order it by. */
export interface Row {
  readonly name: string;
  readonly line: number;
  /** The route of Kong's that it is one row of. */
  readonly source: object;
  readonly prefixes: readonly string[];
  /** Those of them that the file has; the others were added for the sake of the order. */
  readonly given: readonly string[];
  readonly pattern: string | undefined;
  readonly hosts: readonly string[] | undefined;
  readonly methods: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string | true>> | undefined;
  /** Characters of the longest path that it has in Kong. */
  readonly pathLength: number;
  readonly strips: boolean;
  /** By its kinds of conditions, and of how many header fields. */
  readonly weight: number;
  readonly headerCount: number;
  /** Whether none of the hosts that Kong has for it is a wildcard. */
  readonly hasPlainHosts: boolean;
  /** Of a path by an expression; undefined for any other. */
  readonly regexPriority: number | undefined;
  /** True for one that was added for the sake of the order. */
  readonly isCopy?: boolean;
  /** The rest of its keys. */
  readonly keys: Readonly<Record<string, unknown>>;
}

/** Whether both take the very same requests at a prefix, and Kong asks the other first. */
export function isDominated(row: Row, other: Row): boolean {
  const conditions = ({ hosts, methods, headers, pattern }: Row) => [hosts, methods, headers, pattern];
  return winsInKong(other, row) && isDeepStrictEqual(conditions(row), conditions(other));
}

export function samePrefix(a: Row, b: Row): boolean {
  return a.prefixes.some((prefix) => b.prefixes.includes(prefix));
}

/** Whether one request may fit both. */
export function mayMeet(a: Row, b: Row): boolean {
  return overlap(a.methods, b.methods) && hostsOverlap(a.hosts, b.hosts);
}

function overlap(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === undefined || b === undefined || a.some((each) => b.includes(each));
}

export function hostsOverlap(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  const fits = (one: string, other: string): boolean =>
    one === other || (one.startsWith('*.') && other.endsWith(one.slice(1)));
  return a.some((one) => b.some((other) => fits(one, other) || fits(other, one)));
}

export function winsInKong(a: Row, b: Row): boolean {
  const order = [
    a.weight - b.weight,
    Number(a.hasPlainHosts) - Number(b.hasPlainHosts),
    a.headerCount - b.headerCount,
    Number(a.regexPriority !== undefined) - Number(b.regexPriority !== undefined),
    (a.regexPriority ?? 0) - (b.regexPriority ?? 0),
    a.pathLength - b.pathLength,
  ];
  return (order.find((each) => each !== 0) ?? 0) > 0;
}

/** At the same prefix: hosts, plain ones before wildcards; then an expression, then headers, then methods. */
export function winsHere(a: Row, b: Row): boolean {
  if (hostsToAdd(b, a) !== undefined && hostsToAdd(a, b) === undefined) return true;
  if (hostsToAdd(a, b) !== undefined) return false;
  const has = ({ pattern, headers, methods }: Row): number[] =>
    [pattern, headers, methods].map((each) => Number(each !== undefined));
  const [ofA, ofB] = [has(a), has(b)];
  const order = ofA.map((each, at) => each - (ofB[at] ?? 0)).find((each) => each !== 0);
  return (order ?? 1) > 0;
}

/** Hosts of the other for which it is asked first, since this one has none or takes them by a wildcard. */
export function hostsToAdd(row: Row, other: Row): readonly string[] | undefined {
  const own = row.hosts;
  const hosts = other.hosts?.filter(
    (host) =>
      own === undefined ||
      (!own.includes(host) && own.some((each) => each.startsWith('*.') && host.endsWith(each.slice(1)))),
  );
  return hosts !== undefined && hosts.length > 0 ? hosts : undefined;
}
