import type { Call } from '../../deps.ts';
import { outcomeOf } from '../transport.ts';
import type { HealthCheckOptions, Probe } from './active.ts';

/** A longer body is cut off: only the status counts, and reading a short one keeps the connection. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Asks a target over its own connections: GET of the check's path, judged by the status alone. Rejects when there is
 * no answer within the check's timeout; undefined where the gateway has no socket to ask with.
 */
export function createProbe({ path, status: accepted, timeout: timeoutMs }: HealthCheckOptions, call: Call): Probe {
  return async (target) => {
    const { host } = new URL(target.origin);
    const answer = await call({
      to: target.transport,
      path: target.basePath + path,
      headers: ['host', host, 'user-agent', 'turnpike-health-check', 'accept', '*/*'],
      timeoutMs,
      maxBytes: MAX_BODY_BYTES,
      isCut: true,
    }).catch((error: unknown) => {
      if (outcomeOf(error) === 'overloaded') return undefined;
      throw error;
    });
    if (answer === undefined) return undefined;
    const { status } = answer;
    return accepted === undefined ? status >= 200 && status < 300 : accepted.includes(status);
  };
}
