import { findNearest } from '../nearest-word.ts';
import type { Report } from '../stage.ts';
import { checkNeeds, type ReportPart } from './check-needs.ts';
import type { AggregateOptions } from './options.ts';
import { type PathTemplate, samplePath } from './path-template.ts';
import { type Conditions, findReach, takesNoGet } from './reach.ts';

/** What the checks need to know of a route of the file. */
export interface CheckedRoute extends Conditions {
  readonly aggregate?: AggregateOptions | undefined;
  /** The scheme that needs a signature of the request itself, which a part can't have. */
  readonly signedBy?: string | undefined;
}

/** A path in the form that is matched, or undefined where no request could have it. */
type NormalForm = (path: string) => string | undefined;

/** The aggregates that the parts of one certainly lead to, each with the name of a part that does. */
type Leads = ReadonlyMap<number, string>;

/** Reports what the schema of one aggregate can't see: names that lead nowhere, circles, parts that no route takes. */
export function checkAggregates(routes: readonly CheckedRoute[], normalForm: NormalForm, report: Report): void {
  const leads = new Map<number, Leads>();
  for (const [index, { aggregate }] of routes.entries()) {
    if (aggregate !== undefined) leads.set(index, checkAggregate(aggregate, index, routes, normalForm, report));
  }
  for (const [index, next] of leads) {
    for (const [to, name] of next) {
      if (!leadsBack(leads, to, index)) continue;
      const message = 'leads back to this very aggregate, and so on for ever';
      report(['routes', index, 'aggregate', name, 'route'], message, 'let the part ask a route of a service');
    }
  }
}

function checkAggregate(
  aggregate: AggregateOptions,
  index: number,
  routes: readonly CheckedRoute[],
  normalForm: NormalForm,
  report: Report,
): Leads {
  const { prefix = [], methods = [] } = routes[index] ?? {};
  const other = methods.find((method) => method !== 'GET' && method !== 'HEAD');
  if (other !== undefined)
    report(['routes', index, 'methods'], `an aggregate takes no ${other}`, 'its parts are asked by GET: say ["GET"]');
  const parts = new Map(Object.entries(aggregate));
  const leads = new Map<number, string>();
  for (const [name, part] of parts) {
    const reportPart: ReportPart = (key, message, hint) =>
      report(['routes', index, 'aggregate', name, key], message, hint);
    checkNeeds(name, part, parts, reportPart);
    checkParams(part.route, prefix, reportPart);
    const [only, ...others] = checkTarget(part.route, routes, normalForm, reportPart);
    if (only !== undefined && others.length === 0 && routes[only]?.aggregate !== undefined) leads.set(only, name);
  }
  return leads;
}

function checkParams(target: PathTemplate, prefixes: readonly string[], report: ReportPart): void {
  for (const name of target.references.flatMap(({ params }) => params)) {
    const without = prefixes.find((prefix) => !prefix.split('/').includes(`:${name}`));
    if (without !== undefined) report('route', `uses ":${name}", which the prefix "${without}" does not have`);
  }
}

/** The routes that may take the part; none where that is a fault. */
function checkTarget(
  target: PathTemplate,
  routes: readonly CheckedRoute[],
  normalForm: NormalForm,
  report: ReportPart,
): readonly number[] {
  const sample = samplePath(target);
  const normal = normalForm(sample);
  if (normal !== sample) {
    const hint = normal === undefined ? undefined : `"${sample}" is matched as "${normal}"`;
    report('route', 'is no path as it is matched', hint);
    return [];
  }
  const reach = findReach(target, routes);
  if (reach.length === 0) {
    const nearest = findNearest(sample, [...new Set(routes.flatMap(({ prefix }) => prefix))]);
    const hint = nearest === undefined ? 'add that route, or name another path' : `did you mean "${nearest}"?`;
    report('route', 'leads nowhere: no route of this file takes that path', hint);
  } else if (takesNoGet(reach, routes)) {
    report('route', 'leads to a route that takes no GET', 'add "GET" to its methods, or name another path');
    return [];
  }
  const [signedBy] = reach.map((at) => routes[at]?.signedBy);
  if (signedBy !== undefined && reach.every((at) => routes[at]?.signedBy !== undefined)) {
    const hint = 'let that route take another scheme too, or name another path';
    report('route', `leads to a route with "${signedBy}", and no part is signed`, hint);
  }
  return reach;
}

function leadsBack(leads: ReadonlyMap<number, Leads>, from: number, to: number): boolean {
  const seen = new Set<number>();
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === to) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...(leads.get(at)?.keys() ?? []));
  }
  return false;
}
