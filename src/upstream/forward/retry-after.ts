import type { AnswerFields } from '../../sink.ts';

/** Milliseconds, as some services tell them beside; more exact, and read first by their clients. */
const IN_MS = 'retry-after-ms';

/** The wait that a service asks for, in seconds or as a date on its own clock (RFC 9110, section 10.2.3); 0 for none. */
export function retryAfterMs(headers: AnswerFields): number {
  const exact = headers[IN_MS];
  if (typeof exact === 'string' && /^\d{1,9}(?:\.\d{1,6})?$/.test(exact)) return Number(exact);
  const asked = headers['retry-after'];
  if (typeof asked !== 'string') return 0;
  if (/^\d+$/.test(asked)) return Number(asked) * 1000;
  const ms = Date.parse(asked) - Date.parse(String(headers['date']));
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

/** The fields with another wait. */
export function withRetryAfter(headers: AnswerFields, waitMs: number): AnswerFields {
  const seconds = String(Math.max(1, Math.ceil(waitMs / 1000)));
  const exact = headers[IN_MS] === undefined ? undefined : { [IN_MS]: String(Math.ceil(waitMs)) };
  return { ...headers, 'retry-after': seconds, ...exact };
}
