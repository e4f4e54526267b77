import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { AnswerFields } from '../sink.ts';
import { type Result, statusFields } from './cache-status.ts';
import { findSpan, isNotModified } from './conditions.ts';
import { ageMs, type Entry, freshForMs } from './entry.ts';
import type { Ask } from './plan.ts';

/** What a 304 says of the answer that the client has (RFC 9110, section 15.4.5). */
const OF_304 = [
  'cache-control',
  'cdn-cache-control',
  'content-location',
  'date',
  'etag',
  'expires',
  'vary',
  'last-modified',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
];

/** Answers a request from the store, as its own preconditions and range ask for it. `words`: more of Cache-Status. */
export function serve(
  { context, told: asked }: Pick<Ask, 'context' | 'told'>,
  sink: Sink,
  entry: Entry,
  result: Result,
  nowMs: number,
  words = '',
): void {
  const ttl = Math.ceil(freshForMs(entry, nowMs) / 1000);
  const age = String(Math.floor(ageMs(entry, nowMs) / 1000));
  const status = statusFields(entry.fields, result, `${words === '' ? 'hit' : words}; ttl=${ttl}`);
  const told: AnswerFields = { ...entry.fields, ...status, age };
  context.cache = result;
  if (isNotModified(asked, entry, nowMs)) {
    end(context, sink, 304, only(told), undefined);
    return;
  }
  const span = context.method === 'GET' ? findSpan(asked, entry, nowMs) : undefined;
  const size = entry.body.length;
  if (span === 'none') {
    const fields = { ...only(told), 'content-range': `bytes */${size}`, 'content-length': '0' };
    end(context, sink, 416, fields, undefined);
  } else if (span !== undefined) {
    const body = entry.body.subarray(span.start, span.end);
    const range = {
      'content-range': `bytes ${span.start}-${span.end - 1}/${size}`,
      'content-length': String(body.length),
    };
    end(context, sink, 206, { ...told, ...range }, body);
  } else {
    const fields = entry.status === 204 ? told : { ...told, 'content-length': String(size) };
    end(context, sink, entry.status, fields, context.method === 'HEAD' || size === 0 ? undefined : entry.body);
  }
}

/** The last piece alone, behind the head: what was stored is whole. What HTTP can't carry is the service's fault. */
function end(
  context: RequestContext,
  sink: Sink,
  status: number,
  fields: AnswerFields,
  body: Buffer | undefined,
): void {
  try {
    sink.head(context, status, fields, 'service');
  } catch (cause) {
    sink.fail(context, new GatewayError('upstream_protocol', undefined, { cause }));
    return;
  }
  sink.end(context, body);
}

function only(told: AnswerFields): AnswerFields {
  const fields: Record<string, string | string[] | undefined> = {};
  for (const name of [...OF_304, 'age', 'cache-status', 'x-cache'])
    if (told[name] !== undefined) fields[name] = told[name];
  return fields;
}
