import type { RequestContext } from '../../context.ts';
import type { Identity, Outcome } from '../identity.ts';
import { Refusal } from '../identity.ts';
import type { Seen, Terms } from './seen.ts';

/** So long after its end a name is remembered: a request may be under way while its time runs out. */
export const SLACK_MS = 60_000;

/** A copy of what has passed. */
export const AGAIN = new Refusal('this very request has been received before', { code: 'signature_replayed' });
const FULL = unavailable('too many signed requests of this consumer are remembered');
const UNKNOWN = unavailable('whether this request came before can not be told');

function unavailable(reason: string): Refusal {
  return new Refusal(reason, { code: 'auth_unavailable', cause: new Error(reason) });
}

interface Once extends Terms {
  readonly owner: string;
  readonly name: string;
}

/** Lets a request whose signature holds pass once. */
export async function passOnce(seen: Seen, { owner, name, ...terms }: Once, identity: Identity): Promise<Outcome> {
  switch (await seen.take(owner, name, terms)) {
    case 'first':
      return identity;
    case 'again':
      return AGAIN;
    case 'full':
      return FULL;
    case 'unknown':
      return UNKNOWN;
  }
}

/**
 * Remembers a request whose whole answer, a 2xx, has left. One of which its sender can't know that is forgotten: it will be
 * sent again as it was.
 */
export function keepIfDone(context: RequestContext, seen: Seen, owner: string, name: string): void {
  const { res } = context;
  const settle = (): void => {
    if (context.isWhole && context.status >= 200 && context.status < 300) seen.keep(owner, name);
    else seen.forget(owner, name);
  };
  // Whose client left meanwhile is not told of again.
  if (res.closed || res.destroyed) settle();
  else res.once('close', settle);
}
