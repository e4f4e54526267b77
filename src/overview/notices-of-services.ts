import { ERRORS, type ErrorCode } from '../errors.ts';
import type { NoticeFacts } from './notice-facts.ts';
import { firstOf, inUrl, percentOf, timeOf } from './notice-words.ts';
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
    ...firstOf(routes.flatMap(ofFailures), 'routes answer with server errors'),
    ...firstOf(services.flatMap(ofDeadlines), 'services run into deadlines'),
    ...firstOf(services.flatMap(ofSlowness), 'services are slow'),
    ...firstOf(services.flatMap(ofTargetsOut), 'services have targets that are out'),
    ...firstOf(services.flatMap(ofDiscovery), 'services are not found anew'),
  ];
}

function flapping(name: string, times: number, link: string): Notice {
  const text = `the circuit of ${name} is flapping: it has opened and closed again ${times} times in the last 10 minutes, and is closed at the moment; the service fails part of the time: ${recentOf(name)} says how`;
  return { severity: 'warn', text, link };
}

/** The route whose own circuit has this name; undefined for that of a service. */
function routeOf(breaker: string): string | undefined {
  return breaker.startsWith('route ') ? breaker.slice('route '.length) : undefined;
}

function linkOf(breaker: string, services: ReadonlySet<string>): string {
  if (services.has(breaker)) return `service/${breaker}`;
  const route = routeOf(breaker);
  return route === undefined ? `breaker/${breaker}` : `route/${route}`;
}

/** Where its failed calls are shown. */
function recentOf(breaker: string): string {
  const route = routeOf(breaker);
  return `GET /recent?${route === undefined ? `service=${inUrl(breaker)}` : `route=${inUrl(route)}`}`;
}

function ofBreaker(
  { name, state, since, isForced, closedAgain, opened, retryAfterSeconds }: BreakerReport,
  nowMs: number,
  services: ReadonlySet<string>,
): Notice[] {
  const link = linkOf(name, services);
  const when = timeOf(since, nowMs);
  if (isForced) {
    const text = `the circuit of ${name} is held open by an operator since ${when}: nobody gets through; give it back with POST /breakers/${inUrl(name)}?state=auto`;
    return [{ severity: 'warn', text, link }];
  }
  if (state === 'closed') return closedAgain < FLAPS ? [] : [flapping(name, closedAgain, link)];
  const why = opened === undefined ? '' : `, after ${opened.failures} of ${opened.calls} calls had failed`;
  if (state === 'half-open') {
    const text = `the circuit of ${name} is half-open since ${when}${why}: the next call decides; watch whether it closes`;
    return [{ severity: 'warn', text, link }];
  }
  const text = `the circuit of ${name} is open since ${when}${why}: its callers are answered 503; find out why the service fails (${recentOf(name)}), the next trial is in ${retryAfterSeconds} s`;
  return [{ severity: 'bad', text, link }];
}

function ofNoTargets({ name, healthy, total, discovery, targets }: ServiceOverview): Notice[] {
  if (healthy > 0) return [];
  const link = `service/${name}`;
  if (total === 0) {
    const why = discovery === 'empty' ? 'discovery finds none' : 'it has none';
    const text = `${name} has no target (${why}): its callers are answered 503; see that instances are registered`;
    return [{ severity: 'bad', text, link }];
  }
  const which = total === 1 ? `the only target of ${name} is` : `all ${total} targets of ${name} are`;
  const text = `${which} out: ${tellTargets(targets)}; see that the service runs and that the gateway reaches it`;
  return [{ severity: 'bad', text, link }];
}

function tellTargets(out: readonly TargetOverview[]): string {
  const [first] = out;
  if (first === undefined) return '';
  return `${first.url} ${first.reason}${out.length === 1 ? '' : `, and ${out.length - 1} more`}`;
}

/** Answers that the file asks for wake nobody. */
const ON_PURPOSE = ['maintenance', 'injected_fault'];

function ofFailures({ name, service, lastMinute, refusals }: RouteReport): Notice[] {
  const { requests } = lastMinute;
  const serverErrors = ON_PURPOSE.reduce((left, code) => left - (refusals[code] ?? 0), lastMinute.serverErrors);
  if (serverErrors < LEAST_FAILING || serverErrors <= requests * FAILING_SHARE) return [];
  const where = service === null ? '' : ` (service ${service})`;
  const text = `${percentOf(serverErrors, requests)} of the requests of ${name}${where} fail: ${serverErrors} of ${requests} in the last minute were answered 5xx${codesOf(refusals)}; GET /recent?route=${inUrl(name)} says why`;
  return [{ severity: 'bad', text, link: `route/${name}` }];
}

/** What the gateway itself has answered, the most frequent first; the rest is the service's. */
function codesOf(refusals: RouteReport['refusals']): string {
  const failures = Object.entries(refusals).filter(([code]) => isServerError(code) && !ON_PURPOSE.includes(code));
  if (failures.length === 0) return '';
  const told = failures.sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
  return ` (${told.slice(0, 3).join(', ')})`;
}

const isServerError = (code: string): boolean => Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].status >= 500;

function ofDeadlines({ name, lastMinute: { requests, timedOut } }: ServiceOverview): Notice[] {
  if (timedOut < LEAST_FAILING) return [];
  const severity = timedOut > requests * FAILING_SHARE ? 'bad' : 'warn';
  const text = `${name} runs into its timeouts: ${timedOut} of ${requests} calls in the last minute; see what the service waits for, or raise "timeouts" where it may take so long`;
  return [{ severity, text, link: `service/${name}` }];
}

function ofSlowness({ name, p99Ms, usualP99Ms, lastMinute: { requests } }: ServiceOverview): Notice[] {
  if (usualP99Ms === null || requests < LEAST_REQUESTS) return [];
  if (p99Ms < SLOW_MS || p99Ms < usualP99Ms * SLOW_FACTOR) return [];
  const text = `${name} is slow: its p99 is ${Math.round(p99Ms)} ms, and mostly ${Math.round(usualP99Ms)} ms in the half hour before; see what the service waits for`;
  return [{ severity: 'warn', text, link: `service/${name}` }];
}

function ofTargetsOut({ name, healthy, total, targets }: ServiceOverview): Notice[] {
  if (healthy === 0 || healthy === total) return [];
  const out = targets.filter(({ state }) => state === 'out');
  const which = `${out.length} of ${total} targets of ${name} ${out.length === 1 ? 'is' : 'are'} out`;
  const text = `${which}: ${tellTargets(out)}; the others take the requests; see that it runs`;
  return [{ severity: 'warn', text, link: `service/${name}` }];
}

function ofDiscovery({ name, discovery, total }: ServiceOverview): Notice[] {
  if (discovery !== 'stale') return [];
  const text = `the targets of ${name} are not looked up any more: discovery does not answer, and the ${total} known ones stay in use; see that Consul or DNS runs`;
  return [{ severity: 'warn', text, link: `service/${name}` }];
}
