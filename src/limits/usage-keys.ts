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

export function encodeField(kind: keyof Tally, caller: string, route: string): string {
  return `${kind}|${encodeURIComponent(caller.toWellFormed())}|${encodeURIComponent(route.toWellFormed())}`;
}

export function decodeField(field: string): { kind: string; caller: string; route: string } {
  const [kind = '', caller = '', route = ''] = field.split('|');
  return { kind, caller: decodeURIComponent(caller), route: decodeURIComponent(route) };
}
