import type { NoticeFacts } from './notice-facts.ts';
import { firstOf, inUrl, percentOf, timeOf } from './notice-words.ts';
import type { Refused } from './refused-of-late.ts';
import type { Notice, ReloadReport, RouteReport } from './report.ts';

/** From these shares on it is told: since a reload of the whole gateway, and of one route; without one; in any case. */
const WHOLE_SINCE_RELOAD = 0.05;
const ROUTE_SINCE_RELOAD = 0.2;
const RISEN = 0.2;
const MOST = 0.5;
/** It has risen where it is so many times what it was. */
const TIMES_BEFORE = 3;
/** What begins within these times of a reload begins with it: before, since a step ends 5 s later than it begins. */
const BEFORE_MS = 10_000;
const AFTER_MS = 180_000;
const TOLD_CHANGES = 2;
const TOLD_ROUTES = 3;
const TOLD_CODES = 3;

/** Callers who are refused for what they are: somebody waits at the other end, and no limit does what it is for. */
const CREDENTIALS = ['unauthenticated', 'invalid_credential', 'too_many_failures', 'forbidden'];

/** A gateway, or a route of it, that refuses far more of its calls than it did, or most of them. */
export function noticesOfRefusals(facts: NoticeFacts): readonly Notice[] {
  const { routes, refusedOfLate, reloads } = facts;
  const hit = routes
    .flatMap((route) => {
      const refused = refusedOfLate.routes.get(route.name);
      return refused === undefined ? [] : [{ route, refused, reload: reloadOf(refused, reloads) }];
    })
    .filter(({ refused, reload }) => isWorse(refused, reload, ROUTE_SINCE_RELOAD))
    .sort((a, b) => b.refused.refused - a.refused.refused);
  const { whole } = refusedOfLate;
  const reload = whole && reloadOf(whole, reloads);
  if (whole !== undefined && hit.length !== 1 && isWorse(whole, reload, WHOLE_SINCE_RELOAD))
    return [ofWhole(whole, reload, facts)];
  return firstOf(
    hit.map((one) => ofRoute(one.route, one.refused, one.reload, facts)),
    'routes refuse most of their calls',
  );
}

/** What was taken as it began; the start changes nothing for anybody. */
function reloadOf({ sinceMs }: Refused, reloads: readonly ReloadReport[]): ReloadReport | undefined {
  if (sinceMs === undefined) return undefined;
  return reloads.find(
    ({ at, by, result }) =>
      result === 'applied' && by !== 'start' && at <= sinceMs + BEFORE_MS && sinceMs - at <= AFTER_MS,
  );
}

function isWorse({ share, shareBefore }: Refused, reload: ReloadReport | undefined, sinceReload: number): boolean {
  if (share >= MOST) return true;
  if (reload !== undefined && share > sinceReload + 2 * (shareBefore ?? 0)) return true;
  return shareBefore !== undefined && share > RISEN && share > TIMES_BEFORE * shareBefore;
}

function ofWhole(refused: Refused, reload: ReloadReport | undefined, { routes, at }: NoticeFacts): Notice {
  const most = routes
    .filter(({ lastMinute }) => lastMinute.clientErrors > 0)
    .sort((a, b) => b.lastMinute.clientErrors - a.lastMinute.clientErrors);
  const codes = codesOf(routes);
  const [code] = codes[0] ?? [];
  const [first] = most;
  const told = most.slice(0, TOLD_ROUTES).map(({ name }) => name);
  const more = most.length > told.length ? ` and ${most.length - told.length} more` : '';
  const where = told.length === 0 ? '' : `, most on ${told.join(', ')}${more}`;
  return {
    severity: severityOf(refused, reload, routes),
    text: `${tellShare(refused)} of all calls are refused ${tellSince(refused, reload, at)}${tellBefore(refused)}: in the last minute ${tellCodes(codes, routes)}${where}${tellReload(reload, at)}${whatToDo(reload, codes, '')}`,
    link: linkOf(reload, first),
    evidence: code === undefined ? null : `requests?code=${inUrl(code)}`,
  };
}

function linkOf(reload: ReloadReport | undefined, first: RouteReport | undefined): string | null {
  if (reload !== undefined) return 'reloads';
  return first === undefined ? null : `route/${first.name}`;
}

function ofRoute(route: RouteReport, refused: Refused, reload: ReloadReport | undefined, { at }: NoticeFacts): Notice {
  const { name } = route;
  const codes = codesOf([route]);
  const [code] = codes[0] ?? [];
  return {
    severity: severityOf(refused, reload, [route]),
    text: `${tellShare(refused)} of the calls of ${name} are refused ${tellSince(refused, reload, at)}${tellBefore(refused)}: in the last minute ${tellCodes(codes, [route])}${tellReload(reload, at)}${whatToDo(reload, codes, route.service ?? '')}`,
    link: `route/${name}`,
    evidence: code === undefined ? null : `requests?route=${inUrl(name)}&code=${inUrl(code)}`,
  };
}

function tellShare({ share }: Refused): string {
  return percentOf(share, 1);
}

function tellSince({ sinceMs, requests, refused }: Refused, reload: ReloadReport | undefined, nowMs: number): string {
  const counts = `${refused} of ${requests}`;
  if (sinceMs === undefined) return `for half an hour and longer (4xx, ${counts})`;
  if (reload !== undefined) return `since the reload of ${timeOf(reload.at, nowMs)} (4xx, ${counts})`;
  return `since ${timeOf(sinceMs, nowMs)} (4xx, ${counts})`;
}

const tellBefore = ({ shareBefore }: Refused): string =>
  shareBefore === undefined ? '' : `, and ${percentOf(shareBefore, 1)} before`;

type Codes = readonly (readonly [code: string, count: number])[];

/** What the gateway itself has answered, the most frequent first. */
function codesOf(routes: readonly RouteReport[]): Codes {
  const sums = new Map<string, number>();
  for (const { refusals } of routes)
    for (const [code, count] of Object.entries(refusals)) sums.set(code, (sums.get(code) ?? 0) + count);
  return [...sums].sort(([, a], [, b]) => b - a);
}

/** By code; what no code accounts for, the services have answered. */
function tellCodes(codes: Codes, routes: readonly RouteReport[]): string {
  const all = routes.reduce((sum, { lastMinute }) => sum + lastMinute.clientErrors, 0);
  const own = codes.reduce((sum, [, count]) => sum + count, 0);
  const told = codes.slice(0, TOLD_CODES).map(([code, count]) => `${code} ${count}`);
  const left = codes.slice(TOLD_CODES).reduce((sum, [, count]) => sum + count, 0);
  if (left > 0) told.push(`others ${left}`);
  if (all > own)
    told.push(`4xx of ${routes.length === 1 ? (routes[0]?.service ?? 'the service') : 'services'} ${all - own}`);
  return told.length === 0 ? 'none any more' : told.join(', ');
}

function tellReload(reload: ReloadReport | undefined, nowMs: number): string {
  if (reload === undefined) return '';
  const { changes, left, by, at } = reload;
  const more = changes.length + left - TOLD_CHANGES;
  const told = changes.slice(0, TOLD_CHANGES).join('; ');
  const what = told === '' ? 'says no change' : `has changed: ${told}${more > 0 ? `; and ${more} more` : ''}`;
  return `; the reload of ${timeOf(at, nowMs)} (${by}) ${what}`;
}

function whatToDo(reload: ReloadReport | undefined, codes: Codes, service: string): string {
  if (reload !== undefined) return '; put the file back that was there before, unless that was meant';
  const [code] = codes[0] ?? [];
  if (code === undefined) return `; see what ${service === '' ? 'the service' : service} has against its calls`;
  return CREDENTIALS.includes(code)
    ? '; see which callers they are, and what has become of their keys, tokens and rights'
    : '; see which callers they are, and whether that is meant';
}

/** Bad is what is new, and keeps out who was let in; who is over a limit, or always was refused, can wait. */
function severityOf(
  { sinceMs }: Refused,
  reload: ReloadReport | undefined,
  routes: readonly RouteReport[],
): Notice['severity'] {
  if (reload !== undefined) return 'bad';
  if (sinceMs === undefined) return 'warn';
  const codes = codesOf(routes);
  const all = codes.reduce((sum, [, count]) => sum + count, 0);
  const ofCredentials = codes.reduce((sum, [code, count]) => sum + (CREDENTIALS.includes(code) ? count : 0), 0);
  return ofCredentials * 2 > all ? 'bad' : 'warn';
}
