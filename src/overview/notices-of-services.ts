import {
  evidenceOfBreaker,
  evidenceOfDeadlines,
  evidenceOfRoute,
  evidenceOfTargets,
  isServerError,
  requestsOf,
  routeOfBreaker,
} from './evidence.ts';
import type { NoticeFacts } from './notice-facts.ts';
import { clockOf, firstOf, inUrl, notice, percentOf, timeOf } from './notice-words.ts';
import type { BreakerReport, Notice, RouteReport, ServiceOverview, TargetOverview } from './report.ts';

/** A service is slow where its p99 is so many times what it mostly is, and this long at least. */
const SLOW_FACTOR = 4;
const SLOW_MS = 200;
/** Fewer requests in a minute prove nothing. */
const LEAST_REQUESTS = 20;
const LEAST_FAILING = 5;
/** So often a circuit closes again in ten minutes that flaps. */
const FLAPS = 3;
/** From this share on it is bad. */
const FAILING_SHARE = 0.05;

/** Circuits, targets, slowness, and routes that fail. */
export function noticesOfServices({ at, breakers, services, routes }: NoticeFacts): readonly Notice[] {
  const names = new Set(services.map(({ name }) => name));
  return [
    ...firstOf(
      breakers.flatMap((breaker) => ofBreaker(breaker, at, names)),
      'circuits are not closed',
    ),
    ...firstOf(services.flatMap(ofNoTargets), 'services are without a healthy target'),
    ...firstOf(
      routes.flatMap((route) => ofFailures(route, breakers)),
      'routes answer with server errors',
    ),
    ...firstOf(services.flatMap(ofDeadlines), 'services run into deadlines'),
    ...firstOf(services.flatMap(ofSlowness), 'services are slow'),
    ...firstOf(services.flatMap(ofTargetsOut), 'services have targets that are out'),
    ...firstOf(services.flatMap(ofDiscovery), 'services are not found anew'),
  ];
}

function linkOf(breaker: string, services: ReadonlySet<string>): string {
  if (services.has(breaker)) return `service/${breaker}`;
  const route = routeOfBreaker(breaker);
  return route === undefined ? `breaker/${breaker}` : `route/${route}`;
}

function ofBreaker(breaker: BreakerReport, nowMs: number, services: ReadonlySet<string>): Notice[] {
  const { name, state, isForced, closedAgain } = breaker;
  const link = linkOf(name, services);
  const when = timeOf(breaker.openSince ?? breaker.since, nowMs);
  if (isForced) {
    const text = `the circuit of ${name} is held open by an operator since ${when}: nobody gets through; give it back with POST /breakers/${inUrl(name)}?state=auto`;
    return [notice('warn', text, link)];
  }
  const evidence = evidenceOfBreaker(breaker);
  if (state === 'closed') {
    if (closedAgain < FLAPS) return [];
    const text = `the circuit of ${name} is flapping: it has opened and closed again ${closedAgain} times in the last 10 minutes, and is closed at the moment; the service fails part of the time: find out why`;
    return [notice('warn', text, link, evidence)];
  }
  const why = whyOpen(breaker);
  if (state === 'half-open') {
    const text = `the circuit of ${name} is half-open, and was opened at ${when}${why}: the next call decides; watch whether it closes`;
    return [notice('warn', text, link, evidence)];
  }
  const text = `the circuit of ${name} is open since ${when}${why}: its callers are answered 503; find out why the service fails, the next trial is in ${breaker.retryAfterSeconds} s`;
  return [notice('bad', text, link, evidence)];
}

function whyOpen({ opened }: BreakerReport): string {
  if (opened === undefined) return '';
  const told = Object.entries(opened.outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  const how = told.length === 0 ? '' : ` (${told.slice(0, 3).join(', ')})`;
  return `, after ${opened.failures} of ${opened.calls} calls had failed${how}`;
}

function ofNoTargets({ name, healthy, total, discovery, targets }: ServiceOverview): Notice[] {
  if (healthy > 0) return [];
  const link = `service/${name}`;
  if (total === 0) {
    const why = discovery === 'empty' ? 'discovery finds none' : 'it has none';
    const text = `${name} has no target (${why}): its callers are answered 503; see that instances are registered`;
    return [notice('bad', text, link, requestsOf({ service: name, code: 'no_target' }))];
  }
  const which = total === 1 ? `the only target of ${name} is` : `all ${total} targets of ${name} are`;
  const words = targets.some(({ state }) => state === 'trial') ? 'out or on trial' : 'out';
  const text = `${which} ${words}: ${tellTargets(targets)}; see that the service runs and that the gateway reaches it`;
  return [notice('bad', text, link, evidenceOfTargets(name, targets))];
}

function tellTargets(out: readonly TargetOverview[]): string {
  const [first] = out;
  if (first === undefined) return '';
  return `${first.url} ${first.reason}${tellFailure(first)}${out.length === 1 ? '' : `, and ${out.length - 1} more`}`;
}

/** How it fails, which no answer shows where others have saved the requests. */
function tellFailure({ lastFailure }: TargetOverview): string {
  if (lastFailure === null || lastFailure.inARow === 0) return '';
  const { outcome, cause, inARow, since } = lastFailure;
  const what = cause === '' ? outcome : `${outcome}: ${cause}`;
  return ` (${what}; ${inARow} in a row, the first at ${clockOf(since)})`;
}

/** Answers that the file asks for wake nobody. */
const ON_PURPOSE = ['maintenance', 'injected_fault'];

function ofFailures(route: RouteReport, breakers: readonly BreakerReport[]): Notice[] {
  const { name, service, lastMinute, refusals } = route;
  const { requests } = lastMinute;
  const serverErrors = ON_PURPOSE.reduce((left, code) => left - (refusals[code] ?? 0), lastMinute.serverErrors);
  if (serverErrors < LEAST_FAILING || serverErrors <= requests * FAILING_SHARE) return [];
  const where = service === null ? '' : ` (service ${service})`;
  const failures = failuresOf(refusals);
  const text = `${percentOf(serverErrors, requests)} of the requests of ${name}${where} fail: ${serverErrors} of ${requests} in the last minute were answered 5xx${tellCodes(failures)}; see why`;
  return [notice('bad', text, `route/${name}`, evidenceOfRoute(route, failures, breakers))];
}

/** What the gateway itself has answered, the most frequent first; the rest is the service's. */
function failuresOf(refusals: RouteReport['refusals']): readonly (readonly [string, number])[] {
  return Object.entries(refusals)
    .filter(([code]) => isServerError(code) && !ON_PURPOSE.includes(code))
    .sort(([, a], [, b]) => b - a);
}

function tellCodes(failures: readonly (readonly [string, number])[]): string {
  if (failures.length === 0) return '';
  const told = failures.map(([code, count]) => `${code} ${count}`);
  return ` (${told.slice(0, 3).join(', ')})`;
}

function ofDeadlines(service: ServiceOverview): Notice[] {
  const { name, lastMinute } = service;
  const { requests, timedOut } = lastMinute;
  if (timedOut < LEAST_FAILING) return [];
  const severity = timedOut > requests * FAILING_SHARE ? 'bad' : 'warn';
  const text = `${name} runs into its timeouts: ${timedOut} of ${requests} calls in the last minute; see what the service waits for, or raise "timeouts" where it may take so long`;
  return [notice(severity, text, `service/${name}`, evidenceOfDeadlines(service))];
}

function ofSlowness({ name, p99Ms, usualP99Ms, lastMinute: { requests } }: ServiceOverview): Notice[] {
  if (usualP99Ms === null || requests < LEAST_REQUESTS) return [];
  if (p99Ms < SLOW_MS || p99Ms < usualP99Ms * SLOW_FACTOR) return [];
  const text = `${name} is slow: its p99 is ${Math.round(p99Ms)} ms, and mostly ${Math.round(usualP99Ms)} ms in the half hour before; see what the service waits for`;
  return [notice('warn', text, `service/${name}`)];
}

function ofTargetsOut({ name, healthy, total, targets }: ServiceOverview): Notice[] {
  if (healthy === 0 || healthy === total) return [];
  const out = targets.filter(({ state }) => state !== 'in');
  const words = out.some(({ state }) => state === 'trial') ? 'out or on trial' : 'out';
  const which = `${out.length} of ${total} targets of ${name} ${out.length === 1 ? 'is' : 'are'} ${words}`;
  const text = `${which}: ${tellTargets(out)}; the others take the requests; see that it runs`;
  return [notice('warn', text, `service/${name}`)];
}

function ofDiscovery({ name, discovery, total }: ServiceOverview): Notice[] {
  if (discovery !== 'stale') return [];
  const text = `the targets of ${name} are not looked up any more: discovery does not answer, and the ${total} known ones stay in use; see that Consul or DNS runs`;
  return [notice('warn', text, `service/${name}`)];
}
