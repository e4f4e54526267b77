import assert from 'node:assert/strict';
import { randomBytes, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/** The attack: guess so many credentials at once that a right one finds no place to be checked, and is 503. */

const GUESSERS = 60;
const PASSWORD = 'correct horse battery staple';
const basic = (password: string) => `Basic ${Buffer.from(`ops:${password}`).toString('base64')}`;

/** A hash as `turnpike key` makes it, at an eighth of its cost. */
function hashPassword(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2048, r: 8, p: 1 });
  return `scrypt$2048$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

type Ask = (authorization: string, address: string) => Promise<number>;

function callerOf(gateway: TestGateway): Ask {
  return async (authorization, address) => {
    const headers = { authorization, 'x-forwarded-for': address };
    // What is still on its way when a test has failed is nobody's error.
    const answer = await ask(`${gateway.url}/a`, { headers, timeoutMs: 60_000 }).catch(() => undefined);
    return answer?.status ?? 0;
  };
}

async function startBasic(t: TestContext) {
  const service = await startService(t);
  const consumers = [{ name: 'ops', password: hashPassword(PASSWORD) }];
  const file = { consumers, routes: [{ prefix: '/a', target: service.url, auth: 'basic' }] };
  const gateway = await startGateway(t, { file, env: { TRUST_PROXY: '1' } });
  return { gateway, file, call: callerOf(gateway) };
}

const renderGuess = (password: string, address: string) =>
  `GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: ${basic(password)}\r\nX-Forwarded-For: ${address}\r\n\r\n`;

for (const [where, addressOf] of [
  ['many addresses', (index: number) => `192.0.2.${index}`],
  ['one address', () => '192.0.2.1'],
] as const) {
  test(`${GUESSERS} guessers at ${where} keep no right password out`, async (t) => {
    const { call } = await startBasic(t);
    let answered = 0;
    const guess = (index: number) => call(basic(`wrong ${index}`), addressOf(index)).finally(() => (answered += 1));
    await Promise.all([guess(1), guess(2)]);
    const guesses = Array.from({ length: GUESSERS }, (_, index) => guess(index));
    // All guesses are in the gateway, and none can have been checked by then but a few.
    await until(() => answered > 4);
    assert.equal(await call(basic(PASSWORD), '198.51.100.7'), 200);
    const before = answered;
    const statuses = await Promise.all(guesses);
    if (where === 'one address')
      assert.ok(before < GUESSERS / 2, `${before} were checked before it, who had guessed wrong already`);
    assert.deepEqual(
      statuses.filter((status) => status !== 401 && status !== 429),
      [],
      'nobody is 503',
    );
  });
}

test('a right password of the same address as its guessers is checked too', async (t) => {
  const { call } = await startBasic(t);
  const guesses = Array.from({ length: GUESSERS }, (_, index) => call(basic(`wrong ${index}`), '192.0.2.1'));
  assert.equal(await call(basic(PASSWORD), '192.0.2.1'), 200);
  await Promise.all(guesses);
});

/** Sends guesses over few connections, so that all are in the gateway at once; answers how many were refused. */
async function sendGuesses(t: TestContext, url: string, count: number, addressOf: (index: number) => string) {
  let refused = 0;
  const requests = Array.from({ length: count }, (_, index) => renderGuess(`wrong ${index}`, addressOf(index)));
  while (requests.length > 0) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.on('data', (data) => (refused += data.toString('latin1').split('HTTP/1.1 401').length - 1));
    const { promise, resolve } = Promise.withResolvers<unknown>();
    socket.write(requests.splice(0, 32).join(''), resolve);
    await promise;
  }
  return () => refused;
}

test('36 addresses with 64 wrong passwords each keep no right one of another address out', async (t) => {
  const { gateway, call } = await startBasic(t);
  await sendGuesses(t, gateway.url, 36 * 64, (index) => `192.0.2.${index % 36}`);
  const startedMs = performance.now();
  assert.equal(await call(basic(PASSWORD), '198.51.100.7'), 200);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < 5000, `it took ${tookMs} ms`);
});

test('a user who has been right goes ahead of 300 new addresses, also after the password was changed', async (t) => {
  const { gateway, file, call } = await startBasic(t);
  assert.equal(await call(basic(PASSWORD), '198.51.100.7'), 200);
  await gateway.reload({ ...file, consumers: [{ name: 'ops', password: hashPassword('changed') }] });
  const countRefused = await sendGuesses(t, gateway.url, 300, (index) => `10.0.${index >> 8}.${index & 255}`);
  assert.equal(await call(basic('changed'), '198.51.100.7'), 200);
  assert.ok(countRefused() < 150, `${countRefused()} were checked before it`);
});

test('a password that was right before a reload needs no place after it, unless it was changed', async (t) => {
  const { gateway, file, call } = await startBasic(t);
  assert.equal(await call(basic(PASSWORD), '198.51.100.7'), 200);
  await gateway.reload({
    ...file,
    routes: [...file.routes, { prefix: '/b', respond: { status: 204 } }],
    plans: { free: {} },
  });
  const guesses = Array.from({ length: GUESSERS }, (_, index) => call(basic(`wrong ${index}`), `192.0.2.${index}`));
  let isOver = false;
  void Promise.all(guesses).then(() => (isOver = true));
  assert.equal(await call(basic(PASSWORD), '198.51.100.7'), 200);
  assert.equal(isOver, false, 'it waited for nobody');
  await Promise.all(guesses);
  await gateway.reload({ ...file, consumers: [{ name: 'ops', password: hashPassword('another') }] });
  assert.equal(await call(basic(PASSWORD), '198.51.100.7'), 401);
});

test('150 made-up tokens keep no good one out', async (t) => {
  const service = await startService(t);
  const waiting: (() => void)[] = [];
  const server = await startService(t, (_req, res, { body }) => {
    const isGood = new URLSearchParams(body.toString()).get('token') === 'good';
    const answer = () => res.end(JSON.stringify({ active: isGood, sub: 'u1' }));
    if (isGood) answer();
    else waiting.push(answer);
  });
  const introspection = { url: `${server.url}/introspect`, clientId: 'g', clientSecret: 's', timeout: '30s' };
  const file = { introspection, routes: [{ prefix: '/a', target: service.url, auth: 'introspection' }] };
  const call = callerOf(await startGateway(t, { file, env: { TRUST_PROXY: '1' } }));
  const garbage = Array.from({ length: 150 }, (_, index) => call(`Bearer made-up-${index}`, `192.0.2.${index % 10}`));
  await until(() => waiting.length === 100);
  const good = call('Bearer good', '198.51.100.7');
  const release = setInterval(() => waiting.shift()?.(), 5);
  t.after(() => clearInterval(release));
  assert.equal(await good, 200);
  const statuses = await Promise.all(garbage);
  assert.deepEqual(
    statuses.filter((status) => status !== 401 && status !== 429),
    [],
  );
});
