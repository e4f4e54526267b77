import { urlName } from '../cache/key.ts';
import { type Purge, type Purges, purgesKind } from '../cache/purges.ts';
import { type SharedCache, sharedKind } from '../cache/shared.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';

const WORDS = ['route', 'url', 'pattern', 'tag', 'all'] as const;
type Word = (typeof WORDS)[number];

/**
 * `POST /cache/purge?tag=T`: what is stored with a tag, of a `route`, of a `url`, or of all URLs that a `pattern` covers
 * (`/api/users/*`) is not given out any more, by any gateway of the same Redis; `?all=true` is everything.
 */
export function purgeCache(
  { deps, gateway }: Pick<AdminSource, 'deps' | 'gateway'>,
  query: URLSearchParams,
): AdminAnswer {
  const { pool, log } = deps;
  const [shared] = pool.list(sharedKind);
  const [purges] = pool.list(purgesKind);
  if (shared === undefined || purges === undefined) return refusal('not_found', { detail: 'No route has a cache.' });
  const said = [...query];
  const [[word, value] = ['', '']] = said;
  if (said.length !== 1 || !WORDS.some((one) => one === word)) return WHAT;
  const routes = gateway.snapshot.routes.map(({ name }) => name);
  if (word === 'route' && !routes.includes(value)) {
    return refusal('not_found', { detail: 'No route has this name.', body: { routes } });
  }
  if (!purge(word as Word, value, { shared, purges })) return WHAT;
  log.info(`the cache was purged by ${word}`);
  return ok({ purged: { [word]: value } });
}

const WHAT = refusal('invalid_request', {
  detail: 'Say what: one of ?route=NAME, ?url=https://HOST/PATH?QUERY, ?pattern=/path/*, ?tag=TAG, ?all=true.',
});

/** False where the value is none of its kind. */
function purge(word: Word, value: string, { shared, purges }: { shared: SharedCache; purges: Purges }): boolean {
  if (word === 'url') return purgeUrl(value, shared);
  if (word === 'all' && value !== 'true') return false;
  return purges.add(word === 'all' ? { all: true } : ({ [word]: value } as Purge));
}

function purgeUrl(text: string, { store }: SharedCache): boolean {
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) return false;
  const { host, pathname, search } = new URL(text);
  // The host as clients send it: with a port where they name one, though it be that of the scheme.
  const written = /^https?:\/\/(?:[^/?#@]*@)?([^/?#]*)/i.exec(text)?.[1] ?? host;
  for (const one of new Set([host, written])) store.invalidate(urlName(one, pathname, search));
  return true;
}
