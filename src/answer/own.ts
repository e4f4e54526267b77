import type { RequestContext, Sink } from '../context.ts';
import type { AnswerFields } from '../sink.ts';

/** Statuses whose answers have no body, and no length of one (RFC 9110, section 8.6). */
const BODILESS = new Set([204, 304]);

/** Answers a request by the gateway itself: the whole answer at once. HEAD gets the head of what GET would get. */
export function answerOwn(
  context: RequestContext,
  status: number,
  fields: AnswerFields,
  body: string | Buffer,
  sink: Sink = context.sink,
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const hasBody = !BODILESS.has(status);
  sink.head(context, status, hasBody ? { ...fields, 'content-length': String(bytes.length) } : fields, 'gateway');
  sink.end(context, hasBody && context.method !== 'HEAD' ? bytes : undefined);
}

/** Answers with JSON that is about this caller or this moment, and is never to be stored. */
export function answerJson(context: RequestContext, status: number, value: unknown): void {
  const fields = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  answerOwn(context, status, fields, JSON.stringify(value));
}
