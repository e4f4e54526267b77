import type { RequestContext } from '../context.ts';
import { type AuthRequirement, credentialHeaders, tokenPlacesOf } from './auth-option.ts';

/**
 * Makes what takes from the fields of a part, names and values by turns, the credentials that were meant for the whole:
 * those that the whole's own route takes, and stops, where the route of the part does not take them. A service behind a
 * public route is not shown what the client sent to prove itself to another one.
 */
export function createWithheld(auth: AuthRequirement): (fields: readonly string[], whole: RequestContext) => string[] {
  const taken = new Set(credentialHeaders(auth, false));
  const takesCookie = tokenPlacesOf(auth.chosen).some(({ cookie }) => cookie !== undefined);

  return function withhold(fields, whole) {
    const stopped = stoppedBy(whole);
    const kept: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = (fields[i] as string).toLowerCase();
      if ((stopped.has(name) && !taken.has(name)) || (name === 'cookie' && !takesCookie)) continue;
      kept.push(fields[i] as string, fields[i + 1] as string);
    }
    return takesCookie ? kept : [...kept, ...cookiesOf(whole)];
  };
}

/** Names of the fields that the routes of the whole, and of what that is a part of, have stopped. */
function stoppedBy(whole: RequestContext): ReadonlySet<string> {
  const stopped = new Set<string>();
  for (let at: RequestContext | undefined = whole; at !== undefined; at = at.parent)
    for (const name of at.route?.credentialHeaders ?? []) stopped.add(name);
  return stopped;
}

/** The cookies that the whole would send on: without its tokens. */
function cookiesOf({ upstreamHeaders }: RequestContext): string[] {
  const found: string[] = [];
  for (let i = 0; i < upstreamHeaders.length; i += 2) {
    if ((upstreamHeaders[i] as string).toLowerCase() === 'cookie')
      found.push('cookie', upstreamHeaders[i + 1] as string);
  }
  return found;
}
