/** What one caller did on one route. */
export interface Tally {
  calls: number;
  /** The calls by their route's cost: what the windows counted. */
  cost: number;
  refused: number;
  /** What language models were sent and have answered, in tokens. */
  tokensIn: number;
  tokensOut: number;
  /** How many of both were estimated, since no answer told them. */
  tokensEstimated: number;
}

export const TALLY_KINDS = ['calls', 'cost', 'refused', 'tokensIn', 'tokensOut', 'tokensEstimated'] as const;

export function emptyTally(): Tally {
  return { calls: 0, cost: 0, refused: 0, tokensIn: 0, tokensOut: 0, tokensEstimated: 0 };
}

/** Where the usage tables lie in Redis: one hash a day, all in one slot of a cluster. */
export function createUsageKeys(prefix: string) {
  return {
    day: (day: string) => `${prefix}{turnpike}:usage:${day}`,
    batch: (id: string) => `${prefix}{turnpike}:usage-batch:${id}`,
  };
}

/** A count's name in a day's table. Whoever doesn't know of keys (an earlier version) adds those of a consumer up. */
export function encodeField(kind: keyof Tally, caller: string, route: string, key?: string): string {
  const field = `${kind}|${encodeURIComponent(caller.toWellFormed())}|${encodeURIComponent(route.toWellFormed())}`;
  return key === undefined ? field : `${field}|${encodeURIComponent(key)}`;
}

export function decodeField(field: string): { kind: string; caller: string; route: string; key: string | undefined } {
  const [kind = '', caller = '', route = '', key] = field.split('|');
  return {
    kind,
    caller: decodeURIComponent(caller),
    route: decodeURIComponent(route),
    key: key === undefined ? undefined : decodeURIComponent(key),
  };
}
