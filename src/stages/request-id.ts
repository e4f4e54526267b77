import { randomUUID } from 'node:crypto';
import { contextOf, type RequestContext } from '../context.ts';
import { randomHex } from '../lib/random-hex.ts';
import { readTraceparent, readTracestate, withSpanId } from '../lib/trace-context.ts';
import { defineStage } from '../stage.ts';

/** Eight to 128 characters that are safe in a log, a header and a file name. */
const REQUEST_ID = /^[A-Za-z0-9._-]{8,128}$/;

/**
 * Names every request: X-Request-Id (a trusted peer's, else a new one, so that no client can give two requests one
 * name), X-Correlation-Id (what anybody sent as such, or as X-Request-Id), and W3C traceparent and tracestate, which
 * anybody may begin.
 */
export const requestIdStage = defineStage({
  name: 'requestId',
  create(_options, _route, { tracing }) {
    return function requestId(req, _res, next) {
      const context = contextOf(req);
      const { headers } = req;
      const given = wellFormed(headers['x-request-id']);
      const { parent } = context;
      context.requestId = parent?.requestId ?? (context.peerTrusted ? given : undefined) ?? randomUUID();
      context.correlationId =
        parent?.correlationId ?? wellFormed(headers['x-correlation-id']) ?? given ?? context.requestId;
      const from = readTraceparent(headers['traceparent']);
      context.traceparent = from === undefined ? beginTrace() : withSpanId(from, randomHex(8));
      if (tracing !== undefined && !context.dryRun) context.traceparent = tracing.begin(context, from);
      context.upstreamHeaders.push(
        'X-Request-Id',
        context.requestId,
        'X-Correlation-Id',
        context.correlationId,
        'traceparent',
        context.traceparent,
      );
      if (from !== undefined) tellTracestate(context);
      next();
    };
  },
});

function wellFormed(id: string | string[] | undefined): string | undefined {
  return typeof id === 'string' && REQUEST_ID.test(id) ? id : undefined;
}

/** A new trace, that nobody asked to sample. */
function beginTrace(): string {
  const hex = randomHex(24);
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-00`;
}

/** What vendors say of a trace is worth nothing without it (W3C Trace Context, section 3.3). */
function tellTracestate({ req, upstreamHeaders }: RequestContext): void {
  const state = readTracestate(req.headers['tracestate']);
  if (state !== undefined) upstreamHeaders.push('tracestate', state);
}
