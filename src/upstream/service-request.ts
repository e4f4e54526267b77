import type { RequestContext } from '../context.ts';
import type { Timeouts } from './exchange.ts';

/** The path below the target's own: joined with one slash, and none added at the end that the client did not send. */
export function joinBase(basePath: string, path: string, endsWithSlash: boolean): string {
  if (basePath === '') return path;
  const isRoot = path === '/' || path.startsWith('/?');
  return isRoot && !endsWithSlash ? basePath + path.slice(1) : basePath + path;
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

/** Before another attempt: the service that is asked next has less time than the one before. */
export function tellTimeLeft(headers: string[], totalDueAtMs: number): void {
  const at = headers.indexOf(TIMEOUT_FIELD);
  if (at === -1 || totalDueAtMs === 0) return;
  headers[at + 1] = String(Math.max(1, Math.round(totalDueAtMs - performance.now())));
}
