import { answerOwn } from '../answer/own.ts';
import type { RequestContext } from '../context.ts';
import { type ErrorCode, GatewayError, type GatewayErrorExtras } from '../errors.ts';
import { checkedName, checkedValue } from './checked-fields.ts';
import type { Refusal, StageAnswer, StageHeaders, StageRequest } from './define-stage.ts';

/** An answer that a stage gives. */
export interface OwnAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string | string[]>>;
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
    headers: Object.entries(fieldsOf(more.headers)).flatMap(([name, value]) =>
      [value].flat().flatMap((one) => [name, one]),
    ),
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
  const { type, bytes } = contentOf(body);
  return { status, fields: { 'content-type': type, ...own }, body: bytes };
}

/** Text and bytes as they are, and any other value as JSON; throws for what would be none of it. */
function contentOf(body: unknown): { readonly type: string; readonly bytes: Buffer } {
  if (typeof body === 'string') return { type: 'text/plain; charset=utf-8', bytes: Buffer.from(body) };
  const type = 'application/octet-stream';
  if (ArrayBuffer.isView(body))
    return { type, bytes: Buffer.from(Buffer.from(body.buffer, body.byteOffset, body.byteLength)) };
  if (body instanceof ArrayBuffer || body instanceof SharedArrayBuffer)
    return { type, bytes: Buffer.from(new Uint8Array(body)) };
  const promise = promiseOf(body);
  if (promise !== undefined) {
    // Nobody waits for it, and it may fail.
    promise.catch(() => undefined);
    throw new TypeError('respond: the body is a promise: await it first');
  }
  if (isStream(body)) throw new TypeError('respond: the body is a stream: an answer is given as a whole');
  const json: string | undefined = JSON.stringify(body);
  if (json === undefined) throw new TypeError(`respond: a ${typeof body} is no JSON`);
  return { type: 'application/json', bytes: Buffer.from(json) };
}

/** Of Node's, of the web's, or anything that gives its parts one after another, which JSON knows nothing of. */
function isStream(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const { pipe } = body as { readonly pipe?: unknown };
  return body instanceof Blob || typeof pipe === 'function' || Symbol.asyncIterator in body || isIteratorOf(body);
}

/** A Map, a Set or a generator: JSON would say `{}` of it. */
function isIteratorOf(body: object): boolean {
  return Symbol.iterator in body && !Array.isArray(body) && !('toJSON' in body);
}

/** Gives the answer that was decided on: one like a service's, for whatever stands before. */
export function giveAnswer(context: RequestContext, { status, fields, body }: OwnAnswer): void {
  answerOwn(context, status, fields, body);
}

function fieldsOf(headers: StageHeaders = {}): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  // `Headers`, and a Map, are lists of pairs, in which a name may stand more than once.
  const pairs = Symbol.iterator in headers ? headers : Object.entries(headers);
  for (const [name, value] of pairs) {
    const key = checkedName(name);
    const values = [
      fields[key] ?? [],
      Array.isArray(value) ? value.map((one) => checkedValue(key, one)) : checkedValue(key, value as string),
    ].flat();
    fields[key] = values.length === 1 ? (values[0] as string) : values;
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
