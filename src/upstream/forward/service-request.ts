import type { RequestContext } from '../../context.ts';
import { type ErrorCode, GatewayError } from '../../errors.ts';
import type { AttemptOutcome } from '../../facts.ts';
import type { Timeouts } from './plan.ts';

/** The path below the target's own: joined with one slash, and none added at the end that the client did not send. */
export function joinBase(basePath: string, path: string, endsWithSlash: boolean): string {
  if (basePath === '') return path;
  const isRoot = path === '/' || path.startsWith('/?');
  return isRoot && !endsWithSlash ? basePath + path.slice(1) : basePath + path;
}

/** Sets a field in a list of names and values by turns, in place of all that have its name. */
export function replaceField(headers: string[], name: string, value: string): void {
  const lower = name.toLowerCase();
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const [one, its] = [headers[i] as string, headers[i + 1] as string];
    if (one.toLowerCase() === lower) continue;
    headers[kept++] = one;
    headers[kept++] = its;
  }
  headers.length = kept;
  headers.push(name, value);
}

/** The `Destination` of a MOVE or COPY (RFC 4918, section 10.3) on a target that lives below a path of its own. */
export function tellDestination(headers: string[], basePath: string, { req, method }: RequestContext): void {
  if (basePath === '' || (method !== 'MOVE' && method !== 'COPY')) return;
  const destination = req.headers['destination'];
  if (typeof destination !== 'string') return;
  replaceField(
    headers,
    'Destination',
    joinBase(basePath, destination, destination.split('?', 1)[0]?.endsWith('/') === true),
  );
}

const TIMEOUT_FIELD = 'X-Request-Timeout-Ms';

/** A caller may shorten the deadlines with X-Request-Timeout-Ms, never lengthen them; the service is told what is left. */
export function shortenTimeouts(timeouts: Timeouts, context: RequestContext): Timeouts {
  const asked = context.req.headers['x-request-timeout-ms'];
  if (typeof asked !== 'string' || !/^\d{1,9}$/.test(asked)) return timeouts;
  const total = Math.max(1, Math.min(Number(asked), timeouts.total));
  context.upstreamHeaders.push(TIMEOUT_FIELD, String(total));
  return { ...timeouts, connect: Math.min(timeouts.connect, total), headers: Math.min(timeouts.headers, total), total };
}

/** What the time until the head is bounded by. */
interface HeadBounds {
  readonly timeouts: Timeouts;
  readonly isTry: boolean;
  readonly totalDueAtMs: number;
}

/** The name and the value of the deadline that has passed while the head was waited for. */
export function missedDeadline(dueAtMs: number, { timeouts, isTry, totalDueAtMs }: HeadBounds): string {
  if (dueAtMs >= totalDueAtMs) return `timeouts.total of ${timeouts.total} ms`;
  return isTry ? `timeouts.try of ${timeouts.try} ms` : `timeouts.headers of ${timeouts.headers} ms`;
}

/** Before another attempt: the service that is asked next has less time than the one before. */
export function tellTimeLeft(headers: string[], totalDueAtMs: number): void {
  if (totalDueAtMs === 0) return;
  renewField(headers, TIMEOUT_FIELD, String(Math.max(1, Math.round(totalDueAtMs - performance.now()))));
}

/** Gives another value to a field that the gateway has set by this very name; one that a route has taken away stays so. */
export function renewField(headers: string[], name: string, value: string): void {
  // Values stand between the names, and clients choose them.
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    headers[i + 1] = value;
    return;
  }
}

/**
 * The outcome as the service is judged by it. A deadline that the caller had shortened, and that passed before the
 * route's own, says nothing about the service: else any caller could open its circuit and eject its targets.
 */
export function judgedOutcome(
  outcome: AttemptOutcome,
  tookMs: number,
  asked: Timeouts,
  own: Timeouts,
  wasTry = false,
): AttemptOutcome {
  if (asked === own) return outcome;
  const headersMs = wasTry ? own.try : own.headers;
  const isCallers =
    (outcome === 'connect-timeout' && tookMs < own.connect) ||
    (outcome === 'headers-timeout' && tookMs < Math.min(headersMs, own.total));
  return isCallers ? 'aborted-by-client' : outcome;
}

const OUTCOME_CODES: Readonly<Partial<Record<AttemptOutcome, ErrorCode>>> = {
  refused: 'upstream_refused',
  dns: 'upstream_dns',
  tls: 'upstream_tls',
  reset: 'upstream_reset',
  protocol: 'upstream_protocol',
  'connect-timeout': 'connect_timeout',
  'headers-timeout': 'headers_timeout',
  'idle-timeout': 'idle_timeout',
  'aborted-by-client': 'client_closed',
};

/** The error that a client is told of an attempt which was the last. */
export function failureOf(outcome: AttemptOutcome, cause: unknown, inAnswer?: string): GatewayError {
  if (outcome === 'overloaded') {
    const detail = 'The gateway could not make another connection in time.';
    return new GatewayError('overloaded', detail, { cause, retryAfterSeconds: 1 });
  }
  const detail = inAnswer ?? (outcome === 'idle-timeout' ? 'The service stopped reading the request.' : undefined);
  return new GatewayError(OUTCOME_CODES[outcome] ?? 'upstream_reset', detail, { cause });
}
