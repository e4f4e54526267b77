import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { SECRET } from '../support/auth.ts';
import { startCached } from '../support/cache.ts';
import { createRandom } from '../support/random.ts';

/** The attack: whatever a client can send, in any order, so that it is given what the service has told another one. */

const KEYS = [createApiKey(), createApiKey()] as const;
const CONSUMERS = KEYS.map((key, at) => ({ name: `app${at}`, keys: [{ id: `k${at}`, sha256: hashApiKey(key) }] }));
const tokens = ['u0', 'u1', 'u2'].map(
  (sub) => `Bearer ${jwt.sign({ sub, org: `o${sub.length}` }, SECRET, { expiresIn: 600 })}`,
);

const CACHE_CONTROL = [
  'max-age=60',
  'public, max-age=60',
  's-maxage=60',
  'private, max-age=60',
  'no-store',
  'no-cache',
  'max-age=0, stale-while-revalidate=600',
  'max-age=1, stale-if-error=600, public',
  'max-age=60, must-revalidate',
  '',
] as const;

/** What the service says of who asked for what, as it was told. */
interface Told {
  readonly user: string | null;
  readonly consumer: string | null;
  readonly cookie: string | null;
  readonly authorization: string | null;
  readonly host: string | null;
  readonly language: string | null;
  readonly path: string;
  readonly said: string;
}

/** An answer that is not public is one to this very caller. */
function assertOwn(told: Told, path: string, headers: Readonly<Record<string, string>>, where: string): void {
  const isOpen = path.startsWith('/open');
  const user = isOpen ? -1 : tokens.indexOf(headers['authorization'] ?? '');
  const key = isOpen || user >= 0 ? -1 : KEYS.indexOf((headers['x-api-key'] ?? '') as (typeof KEYS)[0]);
  assert.equal(told.cookie, headers['cookie'] ?? null, where);
  assert.equal(told.user, user < 0 ? null : `u${user}`, where);
  if (key >= 0) assert.equal(told.consumer, `app${key}`, where);
  if (told.authorization !== null) assert.equal(told.authorization, headers['authorization'], where);
}

const STEPS = 2000;

for (const [name, cache] of Object.entries({
  plain: true,
  ttl: { ttl: '1h', staleWhileRevalidate: '1h', staleIfError: '1h' },
})) {
  test(`nobody is told what was meant for another one (${name})`, async (t) => {
    const random = createRandom(20_261_127);
    const below = (count: number): number => Math.floor(random() * count);
    const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
    const gateway = await startCached(t, {
      cache,
      env: { JWT_SECRET: SECRET },
      top: { consumers: CONSUMERS },
      route: { prefix: '/in', stripPrefix: false, auth: { any: ['jwt', 'api-key'], optional: true } },
      routes: [
        { prefix: '/open', service: 'api', auth: 'none', cache, stripPrefix: false, retry: false },
        {
          prefix: '/shown',
          service: 'api',
          auth: 'jwt',
          cache,
          stripPrefix: false,
          forwardCredentials: true,
          retry: false,
        },
      ],
      settings: { maxInFlightPerAddress: 1000 },
    });
    const paths = ['/in/a', '/in/b', '/open/a', '/open/a%2Fb', '/shown/a'];
    for (const path of paths) {
      gateway.script(path, ({ headers, path: told }) => {
        const said = pick(CACHE_CONTROL);
        const one = (field: string) => (headers[field] === undefined ? null : String(headers[field]));
        const body: Told = {
          user: one('x-user-id'),
          consumer: one('x-consumer-name'),
          cookie: one('cookie'),
          authorization: one('authorization'),
          host: one('x-forwarded-host'),
          language: one('accept-language'),
          path: told,
          said,
        };
        return {
          status: pick([200, 200, 200, 200, 404, 503]),
          headers: {
            'cache-control': said,
            vary: 'accept-language',
            ...(below(2) === 0 && { etag: `"${below(1e9)}"` }),
            ...(below(9) === 0 && { 'set-cookie': `s=${below(1e9)}` }),
          },
          body: JSON.stringify(body),
        };
      });
    }
    const optional = (headers: Record<string, string>, chance: number): Record<string, string> =>
      below(chance) === 0 ? headers : {};

    function createAttempt() {
      const headers: Record<string, string> = {
        ...optional({ authorization: pick([...tokens, 'Basic YTph', 'Basic YjpI']) }, 2),
        ...optional({ 'x-api-key': pick(KEYS) }, 4),
        ...optional({ cookie: pick(['s=1', 's=2']) }, 9),
        ...optional({ host: pick(['a.example', 'b.example']) }, 6),
        ...optional({ 'accept-language': pick(['de', 'fr']) }, 4),
        ...optional(
          { 'cache-control': pick(['no-cache', 'max-stale', 'only-if-cached', 'max-age=0', 'stale-if-error=600']) },
          6,
        ),
        ...optional({ 'x-forwarded-host': 'evil.example', 'x-user-id': 'evil', 'x-consumer-name': 'evil' }, 6),
        ...optional({ 'if-none-match': '"x"' }, 9),
      };
      const path = pick(paths) + pick(['', '', '', '?x=1', '?x=%31']);
      const method = below(20) === 0 ? pick(['HEAD', 'POST']) : 'GET';
      if (below(20) === 0) gateway.pass(below(100));
      return { headers, path, method };
    }

    async function step(): Promise<boolean> {
      const { headers, path, method } = createAttempt();
      const answer = await gateway.get(path, headers, { method });
      if (method !== 'GET' || answer.text === '' || /problem/.test(String(answer.headers['content-type'])))
        return false;
      const told = JSON.parse(answer.text) as Told;
      const where = `${path} ${JSON.stringify(headers)} ${answer.headers['cache-status']} ${answer.text}`;
      const isStored = ['HIT', 'STALE', 'REVALIDATED'].includes(String(answer.headers['x-cache']));
      assert.deepEqual(
        [told.path, told.host, told.language],
        [path, headers['host'] ?? new URL(gateway.url).host, headers['accept-language'] ?? null],
        where,
      );
      if (isStored) assert.equal(answer.headers['set-cookie'], undefined, where);
      if (!told.said.includes('public')) assertOwn(told, path, headers, where);
      return isStored;
    }

    let hits = 0;
    for (let done = 0; done < STEPS; done += 10) {
      const round = await Promise.all(Array.from({ length: 10 }, step));
      hits += round.filter(Boolean).length;
    }
    assert.ok(hits > 60, `only ${hits} answers from the store`);
  });
}
