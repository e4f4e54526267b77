import type { RequestContext } from '../context.ts';
import { type AuthRequirement, credentialPlaces } from './auth-option.ts';
import { withoutCookies } from './token-places.ts';

/**
 * Makes what takes from the fields of a part, names and values by turns, the credentials that were meant for the whole:
 * those that the whole's own route takes, sent on from there or not, where the route of the part does not take them. A
 * service behind a public route is not shown what the client sent to prove itself to another one.
 */
export function createWithheld(auth: AuthRequirement): (fields: readonly string[], whole: RequestContext) => string[] {
  const taken = credentialPlaces(auth);
  const takesCookie = taken.cookies.length > 0;

  return function withhold(fields, whole) {
    const stopped = stoppedBy(whole, taken);
    const kept: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = (fields[i] as string).toLowerCase();
      if (stopped.fields.has(name) || (name === 'cookie' && !takesCookie)) continue;
      kept.push(fields[i] as string, fields[i + 1] as string);
    }
    if (!takesCookie && !stopped.fields.has('cookie')) kept.push(...cookiesOf(whole));
    return withoutTheir(stopped.cookies, kept);
  };
}

/** The fields with these cookies taken out. */
function withoutTheir(cookies: ReadonlySet<string>, fields: string[]): string[] {
  if (cookies.size === 0) return fields;
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i] as string, fields[i + 1] as string];
    const left = name.toLowerCase() === 'cookie' ? withoutCookies(value, cookies) : value;
    if (left !== '' || value === '') kept.push(name, left);
  }
  return kept;
}

type Places = ReturnType<typeof credentialPlaces>;

interface Stopped {
  readonly fields: Set<string>;
  readonly cookies: Set<string>;
}

/** What the route of the whole takes, and the routes of what that is a part of, and the part does not take. */
function stoppedBy(whole: RequestContext, taken: Places): Stopped {
  const stopped: Stopped = { fields: new Set(), cookies: new Set() };
  for (let at: RequestContext | undefined = whole; at !== undefined; at = at.parent) {
    const { credentialHeaders = [], credentialPlaces } = at.route ?? {};
    for (const name of [...credentialHeaders, ...(credentialPlaces?.fields ?? [])]) stopped.fields.add(name);
    for (const name of credentialPlaces?.cookies ?? []) stopped.cookies.add(name);
  }
  for (const name of taken.fields) stopped.fields.delete(name);
  for (const name of taken.cookies) stopped.cookies.delete(name);
  return stopped;
}

/** The cookies that the whole would send on. */
function cookiesOf({ upstreamHeaders }: RequestContext): string[] {
  const found: string[] = [];
  for (let i = 0; i < upstreamHeaders.length; i += 2)
    if ((upstreamHeaders[i] as string).toLowerCase() === 'cookie')
      found.push('cookie', upstreamHeaders[i + 1] as string);
  return found;
}
