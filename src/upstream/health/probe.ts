import type { Call } from '../../deps.ts';
import type { HealthCheckOptions, Probe } from './active.ts';

/** A longer body is cut off: only the status counts, and reading a short one keeps the connection. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Asks a target over its own connections: GET of the check's path, judged by the status alone. Rejects when there is
 * no answer within the check's timeout.
 */
export function createProbe({ path, status: accepted, timeout: timeoutMs }: HealthCheckOptions, call: Call): Probe {
  return async (target) => {
    const { host } = new URL(target.origin);
    const { status } = await call({
      to: target.transport,
      path: target.basePath + path,
      headers: ['host', host, 'user-agent', 'turnpike-health-check', 'accept', '*/*'],
      timeoutMs,
      maxBytes: MAX_BODY_BYTES,
      isCut: true,
    });
    return accepted === undefined ? status >= 200 && status < 300 : accepted.includes(status);
  };
}
