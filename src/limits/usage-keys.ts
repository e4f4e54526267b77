/** What one caller did on one route. */
export interface Tally {
  calls: number;
  /** The calls by their route's cost: what the windows counted. */
  cost: number;
  refused: number;
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
