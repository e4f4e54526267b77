import type { Deps } from '../deps.ts';
import { bansKind } from '../limits/bans.ts';
import { type AdminAnswer, ok, refusal } from './answer.ts';
import { decodePart } from './decode-part.ts';

const KINDS: Readonly<Record<string, string>> = { a: 'address', c: 'consumer', u: 'user' };

/** `GET /bans`: who is banned now, and until when. */
export function listBans({ pool }: Pick<Deps, 'pool'>): AdminAnswer {
  const [list] = pool.list(bansKind);
  const bans = (list?.list() ?? []).map(({ name, untilMs }) => ({
    id: name,
    [KINDS[name.charAt(0)] ?? 'caller']: name.slice(2),
    until: new Date(untilMs).toISOString(),
  }));
  return ok({ bans });
}

/** `DELETE /bans/ID`: lifts a ban, on every gateway of the same Redis. */
export function liftBan({ pool, log }: Pick<Deps, 'pool' | 'log'>, encoded: string): AdminAnswer {
  const [list] = pool.list(bansKind);
  const id = decodePart(encoded);
  if (list === undefined || id === undefined || !list.remove(id)) {
    return refusal('not_found', { detail: 'No ban has this id; GET /bans lists them.' });
  }
  log.info(`the ban of ${id} was lifted`);
  return ok({ lifted: id });
}
