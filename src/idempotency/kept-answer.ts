import type { RequestContext } from '../context.ts';
import { connectionNames } from '../lib/connection-names.ts';
import { isOneHop } from '../lib/header-filter.ts';
import type { AnswerFields } from '../sink.ts';

/** An answer of a service as it is kept: nearest to the service, before anything is made of it. */
export interface KeptAnswer {
  readonly status: number;
  readonly fields: AnswerFields;
  readonly body: Buffer;
}

/** True of one sending alone; the length follows from the body. */
const OF_ONE_SENDING = new Set(['date', 'content-length', 'idempotency-replayed']);

/** Statuses without a body, and without a length of one (RFC 9110, section 8.6). */
const BODILESS = new Set([204, 304]);

/** What an entry takes beside its body, about. */
const OVERHEAD_BYTES = 512;

/** With these a service says that it has done nothing yet, some of them only where it says when to come back. */
const NEVER_DONE = new Set([425, 429]);
const DONE_LATER = new Set([409, 503]);

/** Whether a service has refused to do what it was asked for now, so that the key is for whoever comes again. */
export function saysComeBack(status: number, fields: AnswerFields): boolean {
  return NEVER_DONE.has(status) || (DONE_LATER.has(status) && fields['retry-after'] !== undefined);
}

/** The fields that are given again. */
export function keptFields(fields: AnswerFields): AnswerFields {
  const named = connectionNames(fields['connection']);
  const kept: [string, string | string[]][] = [];
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined || OF_ONE_SENDING.has(name) || isOneHop(name) || named?.has(name)) continue;
    kept.push([name, value]);
  }
  return Object.fromEntries(kept);
}

/** What keeping an answer takes of the memory, about. */
export function weightOf({ fields, body }: KeptAnswer): number {
  let bytes = OVERHEAD_BYTES + body.length;
  for (const name in fields) bytes += name.length + String(fields[name]).length;
  return bytes;
}

/** Answers with what was kept, through all that would be made of the service's own answer. */
export function replay(context: RequestContext, { status, fields, body }: KeptAnswer): void {
  context.addHeader('Idempotency-Replayed', 'true');
  const hasBody = !BODILESS.has(status);
  const length = hasBody ? { 'content-length': String(body.length) } : {};
  context.sink.head(context, status, { ...fields, ...length }, 'service');
  context.sink.end(context, hasBody && body.length > 0 ? body : undefined);
}
