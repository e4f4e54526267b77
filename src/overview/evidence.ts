import { ERRORS, type ErrorCode } from '../errors.ts';
import { inUrl } from './notice-words.ts';
import type { BreakerReport, RouteReport, ServiceOverview, TargetOverview } from './report.ts';

type Wanted = Readonly<Record<string, string | undefined>>;

/** Refused requests as a place of the page, whose query is that of `GET /recent`. */
export function requestsOf(wanted: Wanted): string {
  const pairs = Object.entries(wanted).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${inUrl(value)}`],
  );
  return `requests?${pairs.join('&')}`;
}

/** What clients are told of calls that end so: their code, or a status of the service's own. */
function byOutcome(outcome: string | undefined): Wanted {
  if (outcome === undefined) return {};
  const word = outcome.replaceAll('-', '_');
  const code = [word, `upstream_${word}`].find((name) => Object.hasOwn(ERRORS, name));
  return code === undefined ? { status: '5xx' } : { code };
}

/** Where the failed calls of a circuit are: those that opened it, as far as that is known. */
export function evidenceOfBreaker({ name, opened }: BreakerReport): string {
  const [outcome] = Object.keys(opened?.outcomes ?? {});
  const route = routeOfBreaker(name);
  return requestsOf({ ...(route === undefined ? { service: name } : { route }), ...byOutcome(outcome) });
}

/** The route whose own circuit has this name; undefined for that of a service. */
export function routeOfBreaker(breaker: string): string | undefined {
  return breaker.startsWith('route ') ? breaker.slice('route '.length) : undefined;
}

/** A circuit that is open says nothing of why: what opened it does. */
export function evidenceOfRoute(
  { name, service }: RouteReport,
  failures: readonly (readonly [code: string, count: number])[],
  breakers: readonly BreakerReport[],
): string {
  const cause = failures.find(([code]) => code !== 'circuit_open');
  if (cause !== undefined) return requestsOf({ route: name, code: cause[0] });
  const breaker = breakers.find((one) => one.name === service || routeOfBreaker(one.name) === name);
  if (failures.length > 0 && breaker?.opened !== undefined) return evidenceOfBreaker(breaker);
  return requestsOf({ route: name, status: '5xx' });
}

/** Which of its timeouts it runs into, as its targets say. */
export function evidenceOfDeadlines({ name, targets }: ServiceOverview): string {
  const late = targets.find(({ lastFailure }) => lastFailure?.outcome.endsWith('-timeout'))?.lastFailure;
  return requestsOf({ service: name, ...byOutcome(late?.outcome ?? 'headers-timeout') });
}

/** Why its targets fail: as the first of those that are out does. */
export function evidenceOfTargets(service: string, out: readonly TargetOverview[]): string {
  const failure = out.find(({ lastFailure }) => lastFailure !== null)?.lastFailure;
  return requestsOf({
    service,
    ...(failure === undefined || failure === null ? { code: 'no_target' } : byOutcome(failure.outcome)),
  });
}

export const isServerError = (code: string): boolean =>
  Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].status >= 500;
