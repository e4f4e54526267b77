import { answerOwn } from '../answer/own.ts';
import type { RequestContext } from '../context.ts';
import { type ErrorCode, GatewayError, type GatewayErrorExtras } from '../errors.ts';
import { checkedName, checkedValue } from './checked-fields.ts';
import type { Refusal, StageAnswer, StageRequest } from './define-stage.ts';

/** An answer that a stage gives. */
export interface OwnAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const REFUSALS: ReadonlySet<string> = new Set<Exclude<Refusal, number>>([
  'bad_request',
  'invalid_request',
  'unauthenticated',
  'invalid_credential',
  'forbidden',
  'insufficient_scope',
  'not_found',
  'gone',
  'rate_limited',
  'quota_exceeded',
  'overloaded',
  'maintenance',
]);

/** What `refuse` means; throws for what is no refusal. */
export function refusalOf(
  why: Refusal,
  detail: unknown,
  more: Parameters<StageRequest['refuse']>[2] = {},
): GatewayError {
  const retryAfter = Number(more.retryAfter);
  const extras: GatewayErrorExtras = {
    headers: Object.entries(fieldsOf(more.headers)).flat(),
    // What is no number of seconds is not sent, and the refusal stands.
    ...(Number.isFinite(retryAfter) && { retryAfterSeconds: Math.max(0, Math.ceil(retryAfter)) }),
  };
  const text = detail === undefined ? undefined : String(detail);
  if (typeof why === 'string') {
    if (!REFUSALS.has(why))
      throw new TypeError(`refuse("${why}"): expected a status, or one of ${[...REFUSALS].join(', ')}`);
    return new GatewayError(why as ErrorCode, text, extras);
  }
  if (!Number.isInteger(why) || why < 400 || why > 599)
    throw new TypeError(`refuse(${why}): expected a status of 400 to 599`);
  const passedOn = { status: why, fields: {}, body: undefined };
  return new GatewayError(why < 500 ? 'stage_refused' : 'stage_unavailable', text, { ...extras, passedOn });
}

/** What `respond` means; throws for what can't be sent. */
export function answerOf({ status = 200, headers, body }: StageAnswer): OwnAnswer {
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new TypeError(`respond: ${status} is no status`);
  const own = fieldsOf(headers);
  if (body === undefined) return { status, fields: own, body: Buffer.alloc(0) };
  if (body instanceof Uint8Array)
    return { status, fields: { 'content-type': 'application/octet-stream', ...own }, body: Buffer.from(body) };
  const isText = typeof body === 'string';
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json';
  return { status, fields: { 'content-type': type, ...own }, body: Buffer.from(isText ? body : JSON.stringify(body)) };
}

/** Gives the answer that was decided on: one like a service's, for whatever stands before. */
export function giveAnswer(context: RequestContext, { status, fields, body }: OwnAnswer): void {
  answerOwn(context, status, fields, body);
}

function fieldsOf(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const key = checkedName(name);
    fields[key] = checkedValue(key, value);
  }
  return fields;
}

/** For the trace. */
export function explain(decision: GatewayError | OwnAnswer): string {
  return decision instanceof GatewayError
    ? `refuses: ${decision.status} ${decision.code}`
    : `answers ${decision.status} by itself`;
}

/** What code has returned, where it is to be waited for; a `then` that throws is a promise that rejects. */
export function promiseOf(value: unknown): Promise<unknown> | undefined {
  if (value instanceof Promise) return value;
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function' ? Promise.resolve(value) : undefined;
}
