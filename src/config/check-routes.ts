import { conditionKeys, type MatchOptions } from '../routing/keys.ts';
import type { Report } from '../stage.ts';

/** What the checks need to know of a route: its values, and which keys are left out of them since they are wrong. */
interface AnyRoute {
  readonly value: MatchOptions & Readonly<Record<string, unknown>>;
  readonly broken?: ReadonlySet<string>;
}

/** The keys that say where a request ends; a route has exactly one of them. */
export const ENDINGS = ['service', 'target', 'targets', 'discover', 'aggregate', 'respond', 'redirect', 'files'];

/** Endings that ask no service: what describes one would check nothing there, and nobody would know. */
const WITHOUT_SERVICE = ['aggregate', 'respond', 'redirect', 'files'];

/**
 * Checks what concerns every route, whatever its stages are.
 *
 * `known` are the keys that a route may have; `placeOf` says where a route is written, as `routes.json:12`.
 */
export function checkRoutes(
  routes: readonly AnyRoute[],
  known: readonly string[],
  report: Report,
  placeOf: (index: number) => string,
): void {
  const endings = ENDINGS.filter((key) => known.includes(key));
  for (const [index, { value, broken = [] }] of routes.entries()) {
    const reportHere: Report = (path, message, hint) => report(['routes', index, ...path], message, hint);
    // A wrong key, or one that nobody knows, may have been meant as the ending.
    const mayHaveOne = [...broken].some((key) => endings.includes(key) || !known.includes(key));
    checkEnding(value, endings, mayHaveOne, reportHere);
    checkDescription(value, reportHere);
    checkReserved(value, reportHere);
  }
  checkTwins(
    routes.map(({ value }) => value),
    report,
    placeOf,
  );
}

type Values = AnyRoute['value'];

function checkReserved(route: Values, report: Report): void {
  const hint = 'The gateway answers /health, /health/… and /-/… itself; choose another prefix.';
  for (const prefix of route.prefix.filter(isReserved)) report(['prefix'], `"${prefix}" belongs to the gateway`, hint);
}

/** Reports routes that could never be reached, since an earlier one has the very same conditions. */
function checkTwins(routes: readonly Values[], report: Report, placeOf: (index: number) => string): void {
  const hint = 'It would never be chosen: give one of them other hosts, headers or methods, or take it out.';
  const seen = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    for (const [at, key] of conditionKeys(route).entries()) {
      const first = seen.get(key) ?? index;
      seen.set(key, first);
      const prefix = route.prefix[at] ?? '';
      if (first !== index) {
        const message = `has the very same conditions as the route at ${placeOf(first)} ("${prefix}")`;
        report(['routes', index, 'prefix'], message, hint);
      }
    }
  }
}

function checkEnding(route: Values, endings: readonly string[], mayHaveOne: boolean, report: Report): void {
  if (endings.length === 0) return;
  const [one, other] = endings.filter((key) => route[key] !== undefined && !isConditional(route[key]));
  const list = endings.map((key) => `"${key}"`).join(', ');
  const conditional = endings.find((key) => isConditional(route[key]));
  if (one === undefined && conditional !== undefined && !mayHaveOne)
    report(
      [conditional],
      'leads nowhere where none of its conditions holds',
      `Give the last one no "when", or add one of ${list}.`,
    );
  else if (one === undefined && !mayHaveOne) report([], 'leads nowhere', `Give it one of ${list}.`);
  if (other !== undefined)
    report([other], `a route has one ending, and this one has "${one}" too`, `Keep one of ${list}.`);
}

function checkDescription(route: Values, report: Report): void {
  const ending = WITHOUT_SERVICE.find((key) => route[key] !== undefined && !isConditional(route[key]));
  if (route['openapi'] === undefined || ending === undefined) return;
  report(['openapi'], `"${ending}" asks no service that a document could describe`, 'Use "validate" here.');
}

/** Answers that are all given under a condition are no ending: where none of those holds, the request goes on. */
function isConditional(ending: unknown): boolean {
  return Array.isArray(ending) && ending.every((each: { when?: unknown }) => each?.when !== undefined);
}

/** Whether a path is answered by the gateway itself. */
export function isReserved(prefix: string): boolean {
  return /^\/(?:health|-)(?:\/|$)/.test(prefix);
}
