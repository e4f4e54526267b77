import type { RequestContext } from '../context.ts';
import { ERRORS, type ErrorCode, GatewayError, PROBLEM_BASE } from '../errors.ts';
import { endAnswer, writeOwnHead } from './head.ts';

/**
 * Answers a request that was refused or failed: the only place that renders an error, as `application/problem+json`
 * (RFC 9457) with `Proxy-Status` (RFC 9209). Anything but a GatewayError is a bug, and is answered as `internal`.
 */
export function renderProblem(context: RequestContext, thrown: unknown): void {
  const error = thrown instanceof GatewayError ? thrown : new GatewayError('internal', undefined, { cause: thrown });
  noteError(context, error);
  const { res } = context;
  if (res.headersSent || res.destroyed) {
    // Half an answer is out: a clean end would make it look whole.
    res.destroy();
    return;
  }
  const body = renderBody(context, error);
  const flat = [
    'content-type',
    'application/problem+json',
    'content-length',
    String(Buffer.byteLength(body)),
    'cache-control',
    'no-store',
  ];
  flat.push('proxy-status', `turnpike; error=${proxyErrorOf(error.code)}`);
  if (error.extras?.retryAfterSeconds !== undefined) flat.push('retry-after', String(error.extras.retryAfterSeconds));
  if (error.extras?.headers !== undefined) flat.push(...error.extras.headers);
  writeOwnHead(context, error.row.status, flat);
  endAnswer(context, context.method === 'HEAD' ? undefined : body);
}

/** Tells the context what went wrong, for the log and the metrics. */
export function noteError(context: RequestContext, error: GatewayError): void {
  context.errorCode = error.code;
  context.errorSource = error.row.source;
  context.errorDetail = error.message;
  context.cause = error.cause;
  context.trace?.push({ stage: 'refused', decision: `${error.row.status} ${error.code}: ${error.message}` });
}

/** The body of a problem answer. `instance` is the path that was asked for, without its query. */
export function renderBody(context: RequestContext, error: GatewayError): string {
  const { row, code, extras } = error;
  return JSON.stringify({
    type: PROBLEM_BASE + code,
    title: row.title,
    status: row.status,
    detail: error.message,
    instance: context.path === '' ? undefined : context.path,
    code,
    requestId: context.requestId === '' ? undefined : context.requestId,
    retryAfter: extras?.retryAfterSeconds,
    errors: extras?.errors,
  });
}

function proxyErrorOf(code: ErrorCode): string {
  const row: { status: number; proxyStatus?: string } = ERRORS[code];
  if (row.proxyStatus !== undefined) return row.proxyStatus;
  if (row.status === 400) return 'http_request_error';
  return row.status < 500 ? 'http_request_denied' : 'proxy_internal_error';
}
