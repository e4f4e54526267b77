import type { Call } from '../../deps.ts';
import type { Transport } from '../transport.ts';
import type { HealthCheckOptions, Probe } from './active.ts';

/** A longer body is cut off: only the status counts, and reading a short one keeps the connection. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Asks a target over its own connections: GET of the check's path, judged by the status alone. Rejects when there is
 * no answer within the check's timeout.
 *
 * @param transportOf finds the connections in what the target's owner keeps with it.
 */
export function createProbe<T>(
  { path, status: accepted, timeout: timeoutMs }: HealthCheckOptions,
  call: Call,
  transportOf: (link: T) => Transport,
): Probe<T> {
  return async (target) => {
    const { host } = new URL(target.origin);
    const { status } = await call({
      to: transportOf(target.transport),
      path: target.basePath + path,
      headers: ['host', host, 'user-agent', 'turnpike-health-check', 'accept', '*/*'],
      timeoutMs,
      maxBytes: MAX_BODY_BYTES,
      isCut: true,
    });
    return accepted === undefined ? status >= 200 && status < 300 : accepted.includes(status);
  };
}
