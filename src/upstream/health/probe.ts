import { outcomeOf, type TransportController, type TransportHandler } from '../transport.ts';
import type { HealthCheckOptions, Probe } from './active.ts';

/**
 * Asks a target over its own connections: GET of the check's path, judged by the status alone. Expects
 * `signal` to abort at the check's timeout.
 *
 * @param host the Host header; default the address of the target.
 */
export function createProbe(options: HealthCheckOptions, host?: string): Probe {
  return (target, signal) =>
    new Promise((resolve) => {
      const headers = [
        'host',
        host ?? new URL(target.origin).host,
        'user-agent',
        'turnpike-health-check',
        'accept',
        '*/*',
      ];
      const request = { method: 'GET', path: target.basePath + options.path, headers, body: null };
      target.transport.send(request, createProbeHandler(signal, options.status, resolve));
    });
}

/** A longer body is cut off: only the status counts, and reading a short one keeps the connection. */
const MAX_BODY_BYTES = 64 * 1024;

function createProbeHandler(
  signal: AbortSignal,
  accepted: readonly number[] | undefined,
  resolve: (hasPassed: boolean | undefined) => void,
): TransportHandler {
  let controller: TransportController | undefined;
  let hasPassed = false;
  let bodyBytes = 0;
  const end = (): void => {
    signal.removeEventListener('abort', cancel);
    resolve(hasPassed);
  };
  const cancel = (): void => {
    end();
    if (controller?.aborted === false) controller.abort(new Error('health check ended'));
  };
  signal.addEventListener('abort', cancel, { once: true });
  return {
    onRequestStart(started) {
      controller = started;
      if (signal.aborted) cancel();
    },
    onResponseStart(_controller, status) {
      if (status >= 200) hasPassed = accepted === undefined ? status < 300 : accepted.includes(status);
    },
    onResponseData(_controller, chunk) {
      bodyBytes += chunk.length;
      if (bodyBytes > MAX_BODY_BYTES) cancel();
    },
    onResponseEnd: end,
    onResponseError(_controller, error) {
      // Cut off by ourselves, or broken: then the promise has its answer, or a failure.
      if (bodyBytes <= MAX_BODY_BYTES) hasPassed = false;
      if (outcomeOf(error) === 'overloaded') resolve(undefined);
      end();
    },
    onRequestUpgrade() {
      cancel();
    },
  };
}
