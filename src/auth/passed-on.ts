import { isDropped } from '../answer/head.ts';
import type { RequestContext } from '../context.ts';
import type { CallAnswer } from '../deps.ts';
import type { PassedOn } from '../errors.ts';
import { connectionNames } from '../lib/connection-names.ts';
import type { AnswerFields } from '../sink.ts';

/** Redirects that a client follows (RFC 9110, section 15.4). */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** What HTTP can carry (RFC 9110, section 5.5). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The refusal of an auth service as the client gets it: a redirect to where one signs in, 401 and 403. Undefined for any
 * other answer, and for one that can't be passed on.
 */
export function passOn(context: RequestContext, { status, headers, body }: CallAnswer): PassedOn | undefined {
  const isRedirect = REDIRECTS.has(status) && headers['location'] !== undefined;
  if (!isRedirect && status !== 401 && status !== 403) return undefined;
  const hasBody = body.length > 0;
  const named = connectionNames(headers['connection']);
  const passing = Object.entries(headers).filter(
    ([name]) => !isDropped(name, context, named) && (hasBody || !name.startsWith('content-')),
  );
  if (!passing.every(([, value]) => isSendable(value))) return undefined;
  // A page that is shown to people may be styled, other than our own answers; it may only not be framed.
  const styled = hasBody ? { 'content-security-policy': "frame-ancestors 'none'" } : undefined;
  const fields = { ...styled, ...Object.fromEntries(passing) };
  return { status, fields, body: hasBody || isRedirect ? body : undefined };
}

function isSendable(value: AnswerFields[string]): boolean {
  return [value ?? []].flat().every((one) => VALUE.test(one));
}

/** Gives the client the cookies of an auth service that has let it in; false where HTTP can't carry one. */
export function passCookies(context: RequestContext, headers: AnswerFields): boolean {
  const cookies = headers['set-cookie'];
  if (!isSendable(cookies)) return false;
  for (const cookie of [cookies ?? []].flat()) context.addHeader('set-cookie', cookie);
  return true;
}
