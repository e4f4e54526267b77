import { type ErrorCode, GatewayError } from '../errors.ts';
import type { Begun } from './store.ts';

/** A request that is under way is done soon, mostly. */
const IN_PROGRESS_SECONDS = 1;

type Refused = Exclude<Begun, { readonly state: 'begun' | 'answered' }>;

/** What a client is told whose request neither runs nor gets an answer that was kept (the draft, sections 2.6 and 2.7). */
export function refusalOf(begun: Refused): GatewayError {
  switch (begun.state) {
    case 'running':
      return problem('idempotency_in_progress', undefined, IN_PROGRESS_SECONDS * 1000);
    case 'mismatch':
      return problem('idempotency_mismatch');
    case 'spent':
      return problem(
        'idempotency_unknown',
        'The service has answered the first request with this key, and its answer is not kept: look at the service for what came of it. A new key runs the request again.',
      );
    case 'lost':
      return problem('idempotency_unknown', lostDetail(begun.againMs), begun.againMs);
    case 'closed':
      return problem('idempotency_unavailable', begun.why, begun.againMs);
  }
}

/** With a link to what is known of the problem, as the draft has it. */
export function problem(code: ErrorCode, detail?: string, againMs?: number, cause?: unknown): GatewayError {
  return new GatewayError(code, detail, {
    isLinked: true,
    ...(againMs === undefined ? {} : { retryAfterSeconds: Math.max(1, Math.ceil(againMs / 1000)) }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function lostDetail(againMs: number | undefined): string {
  const what = 'The first request with this key may have reached the service, and nobody knows what came of it';
  return againMs === undefined
    ? `${what}: look at the service. A new key runs the request again.`
    : `${what}: look at the service. After Retry-After the key lets one more request run.`;
}
