import { randomUUID } from 'node:crypto';
import { contextOf } from '../context.ts';
import { randomHex } from '../lib/random-hex.ts';
import { defineStage } from '../stage.ts';

/** Eight to 128 characters that are safe in a log, a header and a file name. */
const REQUEST_ID = /^[A-Za-z0-9._-]{8,128}$/;
/** version - trace id - parent id - flags (W3C Trace Context, section 3.2); all zeros are invalid. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACE_ID_END = 35;

/**
 * Names every request: X-Request-Id (a trusted peer's, else a new one, so that no client can give two requests one
 * name), X-Correlation-Id (what anybody sent as such, or as X-Request-Id), and W3C traceparent.
 */
export const requestIdStage = defineStage({
  name: 'requestId',
  create() {
    return function requestId(req, _res, next) {
      const context = contextOf(req);
      const { headers } = req;
      const given = wellFormed(headers['x-request-id']);
      const { parent } = context;
      context.requestId = parent?.requestId ?? (context.peerTrusted ? given : undefined) ?? randomUUID();
      context.correlationId =
        parent?.correlationId ?? wellFormed(headers['x-correlation-id']) ?? given ?? context.requestId;
      context.traceparent = continueTrace(headers['traceparent']);
      context.upstreamHeaders.push(
        'X-Request-Id',
        context.requestId,
        'X-Correlation-Id',
        context.correlationId,
        'traceparent',
        context.traceparent,
      );
      next();
    };
  },
});

function wellFormed(id: string | string[] | undefined): string | undefined {
  return typeof id === 'string' && REQUEST_ID.test(id) ? id : undefined;
}

/** The caller's trace with a span of ours as the parent, or a new trace that nobody asked to sample. */
function continueTrace(given: string | string[] | undefined): string {
  if (typeof given === 'string' && TRACEPARENT.test(given)) {
    return `${given.slice(0, TRACE_ID_END)}-${randomHex(8)}-${given.slice(-2)}`;
  }
  const hex = randomHex(24);
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-00`;
}
