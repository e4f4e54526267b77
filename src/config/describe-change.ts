import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../lib/json-object.ts';
import { type AnyRoute, createLabels, describeRouteChange, describeTarget, pairRoutes } from './describe-route.ts';

/** The least that a description needs to know of a configuration. */
interface AnyConfig {
  readonly routes: readonly AnyRoute[];
}

const MAX_LINES = 100;
/** From so many routes on, one line tells what changed alike on all of them: mostly a change of `defaults`. */
const GROUPED_FROM = 4;

/**
 * What a reload changes, in words: `/api/orders now requires role admin`, `service users: target http://… added`.
 *
 * Empty when nothing changed. Values are named only where they can't be secrets; else it says which key changed.
 */
export function describeChange(before: AnyConfig, after: AnyConfig): string[] {
  const lines = [...describeRoutes(before.routes, after.routes), ...describeTop(before, after)];
  const more = lines.length - MAX_LINES;
  return more > 0 ? [...lines.slice(0, MAX_LINES), `and ${more} more`] : lines;
}

/** Which own stages are other ones now, though the file may be the same. */
export function describeOwn(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...after].flatMap(([file, digest]) => {
    const old = before.get(file);
    return old === undefined || old === digest ? [] : [`own stage ${file} changed`];
  });
}

function describeRoutes(before: readonly AnyRoute[], after: readonly AnyRoute[]): string[] {
  const { pairs, added, removed } = pairRoutes(before, after);
  const label = createLabels(after);
  const oldLabel = createLabels(before);
  const lines = [
    ...added.map((route) => `${label(route)} added`),
    ...removed.map((route) => `${oldLabel(route)} removed`),
  ];
  const byChange = new Map<string, AnyRoute[]>();
  for (const [old, route] of pairs) {
    for (const change of describeRouteChange(old, route)) {
      const routes = byChange.get(change);
      if (routes === undefined) byChange.set(change, [route]);
      else routes.push(route);
    }
  }
  for (const [change, routes] of byChange) {
    if (routes.length >= GROUPED_FROM) lines.push(`${routes.length} routes: ${change}`);
    else lines.push(...routes.map((route) => joinChange(label(route), change)));
  }
  const places = new Map(after.map((route, index) => [route, index]));
  const order = pairs.map(([, route]) => places.get(route) ?? 0);
  if (order.some((place, index) => place < (order[index - 1] ?? 0))) lines.push('the order of the routes changed');
  return lines;
}

/** A sentence where the change is one ("now …"), else the key after a colon. */
function joinChange(label: string, change: string): string {
  return /^(?:now|no longer) /.test(change) ? `${label} ${change}` : `${label}: ${change}`;
}

function describeTop(before: object, after: object): string[] {
  const old = before as Readonly<Record<string, unknown>>;
  const now = after as Readonly<Record<string, unknown>>;
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
  keys.delete('routes');
  return [...keys].flatMap((key) => describeKey(key, old[key], now[key]));
}

function describeKey(key: string, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  const old = namedItems(before);
  const now = namedItems(after);
  if (old === undefined || now === undefined) return [`${key} ${verb(before, after)}`];
  const singular = key.replace(/s$/, '');
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) =>
    describeItem(`${singular} ${name}`, old.get(name), now.get(name)),
  );
}

/** The items of an object by their keys, and of a list by their names; undefined for anything else. */
function namedItems(value: unknown): Map<string, unknown> | undefined {
  if (value === undefined) return new Map();
  if (!Array.isArray(value))
    return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
  const items = new Map<string, unknown>();
  for (const item of value as readonly Readonly<Record<string, unknown>>[]) {
    const name = item['name'] ?? item['issuer'];
    if (typeof name !== 'string') return undefined;
    items.set(name, item);
  }
  return items;
}

function describeItem(label: string, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (before === undefined || after === undefined) return [`${label} ${verb(before, after)}`];
  if (!isObject(before) || !isObject(after)) return [`${label} changed`];
  const old = before as Readonly<Record<string, unknown>>;
  const now = after as Readonly<Record<string, unknown>>;
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) => {
    if (isDeepStrictEqual(old[key], now[key])) return [];
    if (key === 'targets') return describeTargets(label, old[key], now[key]);
    return [`${label}: ${key} ${verb(old[key], now[key])}`];
  });
}

function describeTargets(label: string, before: unknown, after: unknown): string[] {
  const old = targetUrls(before);
  const now = targetUrls(after);
  const added = now.filter((url) => !old.includes(url)).map((url) => `${label}: target ${describeTarget(url)} added`);
  const removed = old
    .filter((url) => !now.includes(url))
    .map((url) => `${label}: target ${describeTarget(url)} removed`);
  const lines = [...added, ...removed];
  return lines.length > 0 ? lines : [`${label}: weights changed`];
}

function targetUrls(targets: unknown): string[] {
  return Array.isArray(targets)
    ? targets.map((target: string | { url: string }) => (typeof target === 'string' ? target : target.url))
    : [];
}

function verb(before: unknown, after: unknown): string {
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'changed';
}
