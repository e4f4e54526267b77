import type { RequestContext } from '../../context.ts';
import type { Identity, Outcome } from '../identity.ts';
import { Refusal } from '../identity.ts';
import type { Seen, WithoutRedis } from './seen.ts';

/** So long after its end a name is remembered: a request may be under way while its time runs out. */
export const SLACK_MS = 60_000;

/** A copy of what has passed. */
export const AGAIN = new Refusal('this very request has been received before', { code: 'signature_replayed' });
const FULL = unavailable('too many signed requests of this consumer are remembered');
const UNKNOWN = unavailable('whether this request came before can not be told');

function unavailable(reason: string): Refusal {
  return new Refusal(reason, { code: 'auth_unavailable', cause: new Error(reason) });
}

interface Once {
  readonly owner: string;
  readonly name: string;
  readonly untilMs: number;
  readonly withoutRedis: WithoutRedis;
}

/** Lets a request whose signature holds pass once. */
export async function passOnce(
  seen: Seen,
  { owner, name, untilMs, withoutRedis }: Once,
  identity: Identity,
): Promise<Outcome> {
  switch (await seen.take(owner, name, untilMs, withoutRedis)) {
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
 * Forgets a request again whose answer tells its sender that it came to nothing, by any status but 2xx: it will be sent
 * again as it was.
 */
export function forgetUnlessDone(context: RequestContext, forget: () => void): void {
  context.res.once('close', () => {
    if (context.status < 200 || context.status >= 300) forget();
  });
}
