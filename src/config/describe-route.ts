import { isDeepStrictEqual } from 'node:util';

/** The least that a description needs to know of a route. */
export interface AnyRoute {
  readonly name?: string | undefined;
  readonly prefix: readonly string[];
  readonly methods?: readonly string[] | undefined;
}

interface Pairs {
  /** Routes that are in both, before and after, in the order of before. */
  readonly pairs: readonly (readonly [AnyRoute, AnyRoute])[];
  readonly added: readonly AnyRoute[];
  readonly removed: readonly AnyRoute[];
}

/** Finds what became of each route: by its name, by its conditions, and last by its prefix. */
export function pairRoutes(before: readonly AnyRoute[], after: readonly AnyRoute[]): Pairs {
  const left = new Set(before);
  const unpaired = new Set(after);
  const found = new Map<AnyRoute, AnyRoute>();
  for (const identity of [nameOf, conditionsOf, prefixOf]) {
    const byIdentity = new Map([...left].reverse().map((route) => [identity(route), route]));
    for (const route of unpaired) {
      const key = identity(route);
      const old = key === undefined ? undefined : byIdentity.get(key);
      if (old === undefined || !left.delete(old)) continue;
      found.set(old, route);
      unpaired.delete(route);
    }
  }
  const pairs = before.flatMap((old) => {
    const route = found.get(old);
    return route === undefined ? [] : [[old, route] as const];
  });
  return { pairs, added: [...unpaired], removed: [...left] };
}

function nameOf(route: AnyRoute): string | undefined {
  return route.name;
}

function conditionsOf(route: AnyRoute): string | undefined {
  const { prefix, methods, hosts, headers, pathRegex } = route as AnyRoute & Readonly<Record<string, unknown>>;
  return route.name === undefined ? JSON.stringify([prefix, methods, hosts, headers, pathRegex]) : undefined;
}

function prefixOf(route: AnyRoute): string {
  return route.prefix.join(',');
}

/** Names the routes of a configuration: `route users`, or `/api/users`, or `GET /api/users` where others share it. */
export function createLabels(all: readonly AnyRoute[]): (route: AnyRoute) => string {
  const sharers = new Map<string, number>();
  for (const route of all) sharers.set(prefixOf(route), (sharers.get(prefixOf(route)) ?? 0) + 1);
  return (route) => {
    if (route.name !== undefined) return `route ${route.name}`;
    const prefix = prefixOf(route);
    const isShared = (sharers.get(prefix) ?? 0) > 1;
    return isShared && route.methods !== undefined ? `${route.methods.join(',')} ${prefix}` : prefix;
  };
}

/** What changed on a route, each without its subject: `now requires role admin`, `timeouts changed`. */
export function describeRouteChange(before: AnyRoute, after: AnyRoute): string[] {
  if (before === after) return [];
  const old = before as unknown as Readonly<Record<string, unknown>>;
  const now = after as unknown as Readonly<Record<string, unknown>>;
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...keys].flatMap((key) => {
    if (isDeepStrictEqual(old[key], now[key])) return [];
    const words = WORDS[key]?.(now[key], old[key]);
    if (words !== undefined && words.length > 0) return words;
    if (old[key] === undefined) return [`${key} added`];
    return [now[key] === undefined ? `${key} removed` : `${key} changed`];
  });
}

/** Where a target is, without its path: a path may be a secret, as that of a web hook is. */
export function describeTarget(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'another address';
}

type Words = (now: unknown, old: unknown) => string[] | undefined;

/** The changes that have words of their own: nothing here may ever hold a secret. */
const WORDS: Readonly<Record<string, Words>> = {
  auth: (now) => describeAuth(now),
  authorize: (now, old) => describeRules(now, old),
  service: (now) => (typeof now === 'string' ? [`now goes to service ${now}`] : undefined),
  target: (now) => (typeof now === 'string' ? [`now goes to ${describeTarget(now)}`] : undefined),
  methods: (now) => [Array.isArray(now) ? `now answers ${now.join(', ')}` : 'now answers every method'],
  prefix: (now) => (Array.isArray(now) ? [`now at ${now.join(', ')}`] : undefined),
};

function describeAuth(now: unknown): string[] | undefined {
  const { mode, schemes, optional } = (now ?? {}) as { mode?: string; schemes?: readonly string[]; optional?: boolean };
  if (mode === 'none') return ['now public: nobody has to authenticate'];
  if (mode === undefined || schemes === undefined) return undefined;
  const list = schemes.join(mode === 'all' ? ' and ' : ' or ');
  return [optional === true ? `now takes ${list}, or nobody` : `now requires ${list}`];
}

/** Roles and scopes in words; whatever else changed beside them is told by the name of the key. */
function describeRules(now: unknown, old: unknown): string[] | undefined {
  if (now === undefined) return ['no longer authorizes: every proven caller may'];
  const rules = now as Readonly<Record<string, unknown>>;
  const before = (old ?? {}) as Readonly<Record<string, unknown>>;
  return [...new Set([...Object.keys(before), ...Object.keys(rules)])].flatMap((key) => {
    if (isDeepStrictEqual(before[key], rules[key])) return [];
    const noun = key.replace(/s$/, '');
    if (key !== 'roles' && key !== 'scopes') return [`authorize.${key} changed`];
    return [
      rules[key] === undefined ? `no longer requires a ${noun}` : `now requires ${noun} ${describeList(rules[key])}`,
    ];
  });
}

function describeList(rule: unknown): string {
  const { any, all } = (rule ?? {}) as { any?: readonly string[]; all?: readonly string[] };
  const parts = [...(all ?? []), ...(any === undefined ? [] : [any.join(' or ')])];
  return parts.join(' and ');
}
