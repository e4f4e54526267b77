import type { RequestContext, Sink } from '../context.ts';
import { ERRORS, type ErrorCode, GatewayError } from '../errors.ts';
import { mountOf } from '../lib/mount-path.ts';
import { traceIdOf } from '../lib/trace-context.ts';
import { answerOwn } from './own.ts';

/**
 * Sends the answer to a request that was refused or failed into a sink: the only place that renders an error, as
 * `application/problem+json` (RFC 9457) with `Proxy-Status` (RFC 9209), in the words of the file (error-pages.ts), or as it
 * was answered by whoever decided.
 */
export function sendProblem(context: RequestContext, thrown: unknown, sink: Sink): void {
  const error = gatewayErrorOf(thrown);
  const { retryAfterSeconds, headers = [], passedOn, isLinked = false } = error.extras ?? {};
  const { errorPages } = context;
  const page = passedOn?.body === undefined ? errorPages?.find(context, error) : undefined;
  const fields: Record<string, string | undefined> = {
    'content-type': passedOn?.body === undefined ? 'application/problem+json' : undefined,
    'cache-control': 'no-store',
    'proxy-status': `turnpike; error=${proxyErrorOf(error.code)}`,
    ...(errorPages?.varies && { vary: 'Accept' }),
    ...page?.fields,
  };
  if (isLinked) fields['link'] = `<${context.errorsUrl}${error.code}>; rel="describedby"`;
  if (retryAfterSeconds !== undefined) fields['retry-after'] = String(retryAfterSeconds);
  for (let i = 0; i < headers.length; i += 2) fields[(headers[i] as string).toLowerCase()] = headers[i + 1] as string;
  const body = passedOn?.body ?? page?.body ?? renderBody(context, error);
  answerOwn(context, error.status, { ...fields, ...passedOn?.fields }, body, sink);
}

/** Anything but a GatewayError is a bug, and is answered as `internal`. */
function gatewayErrorOf(thrown: unknown): GatewayError {
  return thrown instanceof GatewayError ? thrown : new GatewayError('internal', undefined, { cause: thrown });
}

/** Tells the context what went wrong, for the log and the metrics. */
export function noteError(context: RequestContext, thrown: unknown): void {
  const error = gatewayErrorOf(thrown);
  context.errorCode = error.code;
  context.errorSource = error.row.source;
  context.errorDetail = error.extras?.detailForLog ?? error.message;
  context.cause = error.cause;
  context.nearestRoute = error.extras?.nearestRoute;
  context.trace?.push({
    stage: 'refused',
    decision: `${error.status} ${error.code}: ${error.message}`,
  });
}

/** The body of a problem answer. `instance` is the path that was asked for, without its query. */
function renderBody(context: RequestContext, error: GatewayError): string {
  const { row, code, extras } = error;
  return JSON.stringify({
    type: context.errorsUrl + code,
    title: row.title,
    status: error.status,
    detail: error.message,
    instance: context.path === '' ? undefined : mountOf(context) + context.path,
    code,
    requestId: context.requestId === '' ? undefined : context.requestId,
    traceId: traceIdOf(context.traceparent) || undefined,
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
