import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { CHANGES, CREATED_SECONDS, EXAMPLES, SIGNATURE_KEYS } from '../support/rfc9421.ts';
import { startService } from '../support/service.ts';
import { SIGNING_SECRET, signRequest, type ToSign } from '../support/sign.ts';

interface Options {
  readonly auth?: object | string;
  readonly route?: object;
  readonly keys?: readonly object[];
  readonly atSeconds?: number;
  readonly env?: Record<string, string>;
}

const PROXIED = { TRUST_PROXY: '127.0.0.0/8' };

async function setUp(t: TestContext, { auth = 'http-signature', keys, atSeconds, env, route }: Options = {}) {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      consumers: [
        { name: 'partner', roles: ['partner'], signatureKeys: keys ?? [{ id: 'k1', secret: SIGNING_SECRET }] },
      ],
      routes: [{ prefix: '/', target: service.url, auth, ...route }],
    },
    ...(env && { env }),
    clock: { now: () => (atSeconds === undefined ? Date.now() : atSeconds * 1000) },
  });
  /** Signs a call, and sends it perhaps with another target, method or body than was signed. */
  const call = (path: string, own: Partial<ToSign> = {}, sent: Partial<ToSign> & { path?: string } = {}) => {
    const { method = 'GET', body } = own;
    const headers = { ...signRequest({ ...own, url: gateway.url + path }), ...sent.headers };
    return ask(gateway.url + path, { method, headers, ...(body !== undefined && { body }), path, ...sent });
  };
  return { service, gateway, call };
}

/** What an input covers and a file can ask for. */
const componentsOf = (input: string): string[] =>
  input
    .slice(1, input.indexOf(')'))
    .split(' ')
    .filter((component) => !component.includes(';'))
    .map((component) => component.replaceAll('"', ''));

for (const example of EXAMPLES.filter(({ base }) => base.length > 0)) {
  test(`RFC 9421, ${example.section}, passes through a gateway behind a proxy that ends TLS`, async (t) => {
    const auth = { 'http-signature': { components: componentsOf(example.input) } };
    const { gateway, service } = await setUp(t, {
      auth,
      keys: SIGNATURE_KEYS,
      atSeconds: CREATED_SECONDS,
      env: PROXIED,
    });
    const headers = Object.fromEntries([
      ...example.headers,
      ['X-Forwarded-Proto', 'https'],
      ['Signature-Input', `${example.label}=${example.input}`],
      ['Signature', `${example.label}=:${example.signature}:`],
    ]);
    const { pathname, search } = new URL(example.url);
    const send = (path: string, changed = {}) =>
      ask(gateway.url, { method: 'POST', path, body: example.body, headers: { ...headers, ...changed } });
    const answer = await send(pathname + search);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(service.requests[0]?.headers['x-consumer-name'], 'partner');
    assert.equal(service.requests[0]?.headers['signature'], undefined);
    assert.equal(service.requests[0]?.headers['signature-input'], undefined);
    assert.equal((await send(pathname + search, { Host: 'example.net' })).status, 401);
  });
}

test('RFC 9421, B.4: what may change on the way, and what may not', async (t) => {
  const auth = { 'http-signature': { components: ['@method', '@path', '@authority', 'accept'] } };
  const { gateway } = await setUp(t, { auth, keys: SIGNATURE_KEYS, atSeconds: CREATED_SECONDS });
  for (const { method, host, path, headers, isValid } of CHANGES) {
    const fields: Record<string, string[]> = { Host: [host] };
    for (const [name, value] of headers) fields[name] = [...(fields[name] ?? []), value];
    const { Host: [only = ''] = [], ...others } = fields;
    const answer = await ask(gateway.url, { method, path, headers: { Host: only, ...others } });
    assert.equal(answer.status, isValid ? 200 : 401, JSON.stringify({ method, path, headers }));
  }
});

test('a signed call passes, and one whose method, target, body or digest was changed does not', async (t) => {
  const { call, service } = await setUp(t);
  const post = { method: 'POST', body: '{"amount": 1}' };
  assert.equal((await call('/orders?x=1', post)).status, 200);
  assert.equal(service.requests[0]?.body.toString(), '{"amount": 1}');
  assert.equal((await call('/orders')).status, 200);
  for (const changed of [{ method: 'PUT' }, { path: '/orders?x=2' }, { path: '/orders' }, { path: '/%6frders?x=1' }]) {
    const answer = await call('/orders?x=1', post, changed);
    assert.equal(answer.json.detail, 'The signature does not fit the request.', JSON.stringify(changed));
  }
  const otherBody = await call('/orders', post, { body: '{"amount": 9}' });
  assert.deepEqual([otherBody.status, otherBody.json.detail], [401, 'Content-Digest does not fit the body.']);
  const uncovered = await call('/orders', { ...post, components: ['@method', '@target-uri'] });
  assert.equal(uncovered.json.detail, 'The signature does not cover content-digest.');
  const bodiless = await call('/orders', { method: 'POST' }, { body: 'smuggled', headers: { 'content-length': '8' } });
  assert.equal(bodiless.status, 401, 'a body that was put into a call signed without one');
});

test('a path is signed as it was sent, and normalised afterwards', async (t) => {
  const { gateway, service } = await setUp(t);
  const headers = signRequest({ url: `${gateway.url}/a/b` });
  assert.equal((await ask(gateway.url, { path: '/a/./b', headers })).status, 401);
  // As `new URL` would tidy it, the signature is made by hand over the very spelling.
  const path = '/a/%7Eb';
  const signed = signRequest({ url: `${gateway.url}${path}` });
  assert.equal((await ask(gateway.url, { path, headers: signed })).status, 200);
  assert.equal(service.requests[0]?.path, '/a/~b');
});

test('the host is that which the client sees, as far as a trusted proxy tells it', async (t) => {
  const headers = { ...signRequest({ url: 'https://api.example.com/a' }) };
  const told = { ...headers, 'x-forwarded-host': 'api.example.com', 'x-forwarded-proto': 'https' };
  const trusting = await setUp(t, { env: PROXIED });
  assert.equal((await ask(`${trusting.gateway.url}/a`, { headers: told })).status, 200);
  const other = await setUp(t);
  assert.equal((await ask(`${other.gateway.url}/a`, { headers: told })).status, 401);
});

test('the handshake of a WebSocket may be signed', async (t) => {
  const { gateway } = await setUp(t, { route: { websocket: true } });
  const open = (path: string) => {
    const signed = Object.entries(signRequest({ url: `${gateway.url}/chat` }));
    const lines = signed.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n`;
    const host = new URL(gateway.url).host;
    const bytes = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}${lines}\r\n`;
    return askRaw(gateway.port, bytes, { timeoutMs: 1000 });
  };
  assert.equal(statusOf(await open('/other')), 401);
  // The service answers it as a plain request: it has passed.
  assert.notEqual(statusOf(await open('/chat')), 401);
});

test('the parts of the target stand for the whole of it', async (t) => {
  const { call } = await setUp(t);
  const parts = ['@method', '@authority', '@path', '@query'];
  assert.equal((await call('/orders?a=1', { components: parts })).status, 200);
  const answer = await call('/orders', { components: parts.slice(0, 3) });
  assert.equal(answer.json.detail, 'The signature does not cover @target-uri.');
});

test('times, nonces, tags and keys count as the route and the file say', async (t) => {
  const keys = [
    { id: 'k1', secret: SIGNING_SECRET },
    { id: 'old', secret: SIGNING_SECRET.toUpperCase(), expiresAt: '2020-01-01T00:00:00Z' },
  ];
  const auth = { 'http-signature': { nonce: 'required', tag: 'shop', tolerance: '1m' } };
  const { call } = await setUp(t, { auth, keys });
  const now = Math.floor(Date.now() / 1000);
  let count = 0;
  const detail = async (parameters: string, own: Partial<ToSign> = {}) => {
    count += 1;
    const answer = await call('/a', { ...own, parameters: parameters.replaceAll('NEW', `"n${count}"`) });
    return answer.status === 200 ? 'passed' : answer.json.detail;
  };
  const usual = ';nonce=NEW;tag="shop"';
  assert.equal(await detail(`;created=${now}${usual}`), 'passed');
  assert.equal(await detail(`;created=${now};expires=${now + 30}${usual}`), 'passed');
  assert.match(await detail(`;created=${now};expires=${now - 1}${usual}`), /has expired/);
  assert.match(await detail(`;created=${now - 62}${usual}`), /too far from now/);
  assert.match(await detail(`;created=${now + 90}${usual}`), /too far from now/);
  assert.match(await detail(usual), /does not say when/);
  assert.match(await detail(`;created="${now}"${usual}`), /malformed/);
  assert.match(await detail(`;created=${now}.5${usual}`), /malformed/);
  assert.match(await detail(`;created=${now};tag="shop"`), /no nonce/);
  assert.match(await detail(`;created=${now};nonce=NEW;tag="bank"`), /not known/);
  assert.match(await detail(`;created=${now};alg="ed25519"${usual}`), /another algorithm/);
  assert.match(await detail(`;created=${now}${usual}`, { keyid: 'nobody' }), /key of the signature is not known/);
  assert.match(await detail(`;created=${now}${usual}`, { keyid: 'old' }), /key of the signature has expired/);
  const once = `;created=${now};nonce="the same";tag="shop"`;
  assert.deepEqual([await detail(once), await detail(once)], ['passed', 'This very request has been received before.']);
});

test('what is asked for stands in WWW-Authenticate and Accept-Signature', async (t) => {
  const { gateway } = await setUp(t, { auth: { 'http-signature': { tag: 'shop' } } });
  const bare = await ask(`${gateway.url}/a`);
  assert.equal(bare.status, 401);
  assert.equal(bare.headers['www-authenticate'], 'Signature realm="turnpike"');
  assert.equal(bare.headers['accept-signature'], 'sig=("@method" "@target-uri");created;tag="shop"');
  const post = await ask(`${gateway.url}/a`, { method: 'POST', body: 'x' });
  assert.match(String(post.headers['accept-signature']), /"content-digest"/);
});

test('the gateway tells a partner who it is, and several schemes stand on one route', async (t) => {
  const { call, gateway } = await setUp(t, { auth: ['api-key', 'http-signature'] });
  const me = await call('/-/me');
  assert.equal(me.status, 200);
  assert.equal(me.json.consumer.name ?? me.json.consumer, 'partner');
  const headers = { ...signRequest({ url: `${gateway.url}/a` }), 'x-api-key': 'nonsense' };
  assert.equal((await ask(`${gateway.url}/a`, { headers })).status, 401, 'whatever is sent must be valid');
});

test('a key pair of its own per partner: two partners are told apart', async (t) => {
  const pairs = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')] as const;
  const keys = pairs.map(({ publicKey }, index) => ({
    id: `p${index}`,
    publicKey: publicKey.export({ format: 'jwk' }),
  }));
  const { call } = await setUp(t, { keys });
  assert.equal((await call('/a', { key: pairs[0].privateKey, keyid: 'p0' })).status, 200);
  assert.equal((await call('/a', { key: pairs[0].privateKey, keyid: 'p1' })).status, 401);
});

test('a retry with its Idempotency-Key is signed anew, and gets the first answer', async (t) => {
  const { call, service } = await setUp(t, { route: { idempotency: true } });
  const order = { method: 'POST', body: '{"item": "tea"}', headers: { 'idempotency-key': '"one"' } };
  const first = await call('/orders', order);
  const again = await call('/orders', order);
  assert.deepEqual([first.status, again.status, again.text], [200, 200, first.text]);
  assert.equal(service.requests.length, 1);
});

test('what is cached for one partner is not given to another', async (t) => {
  const service = await startService(t, (_req, res, { headers }) => {
    res.writeHead(200, { 'cache-control': 'private, max-age=60' });
    res.end(String(headers['x-consumer-name']));
  });
  const consumers = ['a', 'b'].map((name) => ({ name, signatureKeys: [{ id: name, secret: SIGNING_SECRET }] }));
  const route = { prefix: '/', target: service.url, auth: 'http-signature', cache: true };
  const gateway = await startGateway(t, { file: { consumers, routes: [route] } });
  const get = async (keyid: string) =>
    (await ask(`${gateway.url}/x`, { headers: signRequest({ url: `${gateway.url}/x`, keyid }) })).text;
  assert.deepEqual([await get('a'), await get('b'), await get('a')], ['a', 'b', 'a']);
});

test('a file whose keys are of no use, or of two consumers, is refused', async (t) => {
  const { gateway } = await setUp(t);
  const result = await gateway.reload({
    consumers: [
      { name: 'a', signatureKeys: [{ id: 'k', secret: SIGNING_SECRET }] },
      { name: 'b', signatureKeys: [{ id: 'k', secret: 'short-secret' }] },
    ],
    routes: [],
  });
  const text = JSON.stringify(result);
  assert.match(text, /belongs to consumer \\"a\\" already/);
  assert.match(text, /secret of 12 bytes/);
  assert.doesNotMatch(text, /short-secret/);
});
