import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { signAsReceived } from '../support/aws4.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { collect } from '../support/own-stages.ts';
import { startService } from '../support/service.ts';
import { clientCredentials, startTokenServer } from '../support/token-server.ts';
import { until } from '../support/until.ts';
import { startSocketService } from '../support/websocket.ts';

const START_MS = Date.UTC(2026, 0, 1);

function movableClock() {
  let nowMs = START_MS;
  return {
    now: () => nowMs,
    move: (ms: number): void => {
      nowMs += ms;
    },
  };
}

test('a fixed field of the file is sent to its service, and the field of the client never beside it', async (t) => {
  const service = await startService(t);
  const serviceAuth = { header: { Authorization: 'Bearer ${ENV:KEY}', 'X-Internal-Key': '${ENV:KEY}' } };
  const gateway = await startGateway(t, {
    env: { KEY: 'secret-of-the-service' },
    file: {
      services: { a: { targets: [service.url], serviceAuth } },
      routes: [{ prefix: '/a', service: 'a', auth: 'none' }],
    },
  });
  const headers = { authorization: 'Bearer of-the-client', 'x-internal-key': 'forged' };
  const answer = await ask(`${gateway.url}/a`, { headers });
  assert.equal(answer.json.headers.authorization, 'Bearer secret-of-the-service');
  assert.equal(answer.json.headers['x-internal-key'], 'secret-of-the-service');
  const raw = service.requests[0]?.rawHeaders ?? [];
  assert.equal(raw.filter((text) => /^authorization$/i.test(text)).length, 1);
  assert.ok(![...gateway.accessLines, ...gateway.messages].join('').includes('secret-of-the-service'));
  const state = await ask(`${gateway.adminUrl}/state`);
  const routes = await ask(`${gateway.adminUrl}/routes`);
  assert.ok(!`${state.text}${routes.text}`.includes('secret-of-the-service'));
});

test('a route has its own in place of its service, or none', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      services: { a: { targets: [service.url], serviceAuth: { header: { 'x-key': 'of-the-service' } } } },
      routes: [
        { prefix: '/service', service: 'a', auth: 'none' },
        { prefix: '/own', service: 'a', auth: 'none', serviceAuth: { header: { 'x-other': 'of-the-route' } } },
        { prefix: '/none', service: 'a', auth: 'none', serviceAuth: false },
        { prefix: '/inline', target: service.url, auth: 'none', serviceAuth: { header: { 'x-key': 'inline' } } },
      ],
    },
  });
  const told = async (path: string) => (await ask(`${gateway.url}${path}`)).json.headers;
  assert.equal((await told('/service'))['x-key'], 'of-the-service');
  const own = await told('/own');
  assert.deepEqual([own['x-key'], own['x-other']], [undefined, 'of-the-route']);
  assert.equal((await told('/none'))['x-key'], undefined);
  assert.equal((await told('/inline'))['x-key'], 'inline');
});

test('an access token is fetched once for all that ask at once, over routes, and kept', async (t) => {
  const [service, tokens] = [await startService(t), await startTokenServer(t)];
  const serviceAuth = clientCredentials(tokens, { scope: ['read', 'write'], audience: 'orders' });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/a', target: service.url, auth: 'none', serviceAuth },
        { prefix: '/b', target: service.url, auth: 'none', serviceAuth },
      ],
    },
  });
  const paths = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? '/a' : '/b'));
  const answers = await Promise.all(paths.map((path) => ask(gateway.url + path)));
  assert.deepEqual(new Set(answers.map(({ json }) => json.headers.authorization)), new Set(['Bearer t1']));
  assert.equal(tokens.requests.length, 1);
  const [asked] = tokens.requests;
  assert.equal(asked?.method, 'POST');
  assert.equal(asked?.headers['content-type'], 'application/x-www-form-urlencoded');
  // RFC 6749, 2.3.1: both parts are form-encoded first.
  const basic = Buffer.from(asked?.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
  assert.equal(basic, 'gate+way:s%3Ae%2Fcret');
  assert.equal(asked?.body.toString(), 'grant_type=client_credentials&scope=read+write&audience=orders');
  // A reload keeps it.
  await gateway.reload({ routes: [{ prefix: '/c', target: service.url, auth: 'none', serviceAuth }] });
  assert.equal((await ask(`${gateway.url}/c`)).json.headers.authorization, 'Bearer t1');
});

test('client_secret_post puts both into the body, and a field of its own takes the bare token', async (t) => {
  const [service, tokens] = [await startService(t), await startTokenServer(t)];
  const serviceAuth = clientCredentials(tokens, {
    clientAuth: 'post',
    header: 'X-Token',
    resource: 'https://a.example/',
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth }] },
  });
  const { json } = await ask(`${gateway.url}/a`, { headers: { authorization: 'Basic bWU6cHc=' } });
  assert.equal(json.headers['x-token'], 't1');
  assert.equal(json.headers.authorization, 'Basic bWU6cHc=', 'another field of the client is none of its business');
  const form = new URLSearchParams(tokens.requests[0]?.body.toString());
  assert.equal(form.get('client_secret'), 's:e/cret');
  assert.equal(form.get('resource'), 'https://a.example/');
  assert.equal(tokens.requests[0]?.headers.authorization, undefined);
});

test('a token is renewed ahead of its end, once under load, and nobody waits for it', async (t) => {
  const [service, tokens, clock] = [await startService(t), await startTokenServer(t), movableClock()];
  const gateway = await startGateway(t, {
    clock,
    file: { routes: [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth: clientCredentials(tokens) }] },
  });
  const told = async () => (await ask(`${gateway.url}/a`)).json.headers.authorization;
  assert.equal(await told(), 'Bearer t1');
  clock.move(79_000);
  assert.equal(await told(), 'Bearer t1');
  assert.equal(tokens.requests.length, 1, 'it has a fifth of its life before it');
  clock.move(11_500);
  const during = await Promise.all(Array.from({ length: 30 }, told));
  assert.ok(during.every((field) => field === 'Bearer t1' || field === 'Bearer t2'));
  await until(async () => (await told()) === 'Bearer t2', { what: 'the new token' });
  assert.equal(tokens.requests.length, 2);
});

test('while a renewal fails the old token is used as long as it is good, and then nothing is sent', async (t) => {
  const [service, tokens, clock] = [await startService(t), await startTokenServer(t), movableClock()];
  const gateway = await startGateway(t, {
    clock,
    file: { routes: [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth: clientCredentials(tokens) }] },
  });
  assert.equal((await ask(`${gateway.url}/a`)).json.headers.authorization, 'Bearer t1');
  tokens.fault = (res) => res.writeHead(500).end('{"error":"server_error"}');
  clock.move(92_000);
  assert.equal((await ask(`${gateway.url}/a`)).json.headers.authorization, 'Bearer t1');
  await until(() => gateway.messages.some((line) => line.includes('no token from')), { what: 'the warning' });
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
  clock.move(8_000);
  const before = service.requests.length;
  const refused = await ask(`${gateway.url}/a`);
  assert.equal(refused.status, 503);
  assert.equal(refused.json.code, 'credential_unavailable');
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal(service.requests.length, before, 'nothing reached the service');
  const asked = tokens.requests.length;
  assert.equal((await ask(`${gateway.url}/a`)).status, 503);
  assert.equal(tokens.requests.length, asked, 'a server that has just failed is not asked by every request');
  tokens.fault = undefined;
  clock.move(31_000);
  assert.equal((await ask(`${gateway.url}/a`)).json.headers.authorization, 'Bearer t2');
});

test('a 401 of the service drops the token once, and the request is tried again with a new one', async (t) => {
  const tokens = await startTokenServer(t);
  const good = new Set(['Bearer t1']);
  const service = await startService(t, (req, res) => {
    const isGood = good.has(String(req.headers.authorization));
    res.writeHead(isGood ? 200 : 401).end(req.headers.authorization);
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth: clientCredentials(tokens) }] },
  });
  assert.equal((await ask(`${gateway.url}/a`)).text, 'Bearer t1');
  good.clear();
  good.add('Bearer t2');
  const body = 'a body that is sent again';
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask(`${gateway.url}/a`, { method: 'POST', body })),
  );
  assert.deepEqual(new Set(answers.map(({ status, text }) => `${status} ${text}`)), new Set(['200 Bearer t2']));
  assert.equal(tokens.requests.length, 2, 'one fetch for all');
  good.clear();
  const refused = await Promise.all(Array.from({ length: 10 }, () => ask(`${gateway.url}/a`)));
  assert.ok(refused.every(({ status }) => status === 401));
  assert.equal(tokens.requests.length, 2, 'a service that refuses everything does not make us fetch for everybody');
});

test('a WebSocket handshake, a part of an aggregate and a mirror get the credential of their own service', async (t) => {
  const [a, b, copy] = [await startService(t), await startService(t), await startService(t)];
  const sockets = await startSocketService(t);
  const withKey = (url: string, key: string) => ({ targets: [url], serviceAuth: { header: { authorization: key } } });
  const gateway = await startGateway(t, {
    file: {
      services: {
        a: withKey(a.url, 'key-a'),
        b: withKey(b.url, 'key-b'),
        copy: withKey(copy.url, 'key-copy'),
        sockets: withKey(sockets.url.replace('ws:', 'http:'), 'key-sockets'),
      },
      routes: [
        { prefix: '/a', service: 'a', auth: 'none', mirror: { service: 'copy' } },
        { prefix: '/b', service: 'b', auth: 'none', mirror: { target: copy.url } },
        { prefix: '/ws', service: 'sockets', auth: 'none', websocket: true },
        { prefix: '/all', auth: 'none', aggregate: { one: { route: '/a/x' }, two: { route: '/b/x' } } },
      ],
    },
  });
  const { json } = await ask(`${gateway.url}/all`, { headers: { authorization: 'Bearer of-the-client' } });
  assert.equal(json.one.headers.authorization, 'key-a');
  assert.equal(json.two.headers.authorization, 'key-b');
  await until(() => copy.requests.length === 2, { what: 'both copies' });
  const copied = copy.requests.map(({ headers }) => headers.authorization).sort();
  assert.deepEqual(copied, ['key-copy', undefined], 'a mirror that is no service gets no credential at all');
  const socket = new WebSocket(`${gateway.url.replace('http:', 'ws:')}/ws`, {
    headers: { authorization: 'Basic eA==' },
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  assert.equal(sockets.requests[0]?.headers.authorization, 'key-sockets');
  socket.close();
});

async function startOnOneRoute(t: TestContext, route: object, more: object = {}) {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { ...more, routes: [{ prefix: '/a', target: service.url, ...route }] },
  });
  return { service, gateway };
}

test('an attempt at another target is signed for that target', async (t) => {
  const [bad, good] = [await startService(t, (_req, res) => res.writeHead(503).end()), await startService(t)];
  const aws = { region: 'eu-central-1', service: 'execute-api', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'x' };
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/a', targets: [bad.url, good.url], balance: 'round-robin', auth: 'none', serviceAuth: { aws } },
      ],
    },
  });
  for (let i = 0; i < 4; i += 1) assert.equal((await ask(`${gateway.url}/a?x=${i}`)).status, 200);
  assert.ok(bad.requests.length > 0);
  const signatures = [...bad.requests, ...good.requests].map(({ headers }) => headers.authorization);
  assert.equal(new Set(signatures).size, signatures.length);
});

test('a body that is signed is read whole and sent with its length, also where the client told none', async (t) => {
  const aws = { region: 'eu-central-1', service: 's3', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'x' };
  const { service, gateway } = await startOnOneRoute(t, { auth: 'none', serviceAuth: { aws } });
  const headers = { 'transfer-encoding': 'chunked', 'x-amz-security-token': 'forged', 'x-amz-meta-a': 'kept' };
  const answer = await ask(`${gateway.url}/a`, { method: 'POST', headers, body: 'hello' });
  assert.equal(answer.status, 200);
  const seen = service.requests[0];
  assert.equal(seen?.headers['content-length'], '5');
  assert.equal(
    seen?.headers['x-amz-content-sha256'],
    '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  );
  assert.equal(seen?.headers['x-amz-security-token'], undefined);
  assert.match(String(seen?.headers.authorization), /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a,/);
  assert.equal(seen?.body.toString(), 'hello');
});

test('what is signed is what is sent, after every edit: another implementation makes the same signature of it', async (t) => {
  const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI', sessionToken: 'of/the+session==' };
  for (const name of ['s3', 'execute-api']) {
    const scope = { region: 'eu-central-1', service: name };
    const { service, gateway } = await startOnOneRoute(t, {
      auth: 'none',
      path: 'raw',
      preserveHost: true,
      request: [
        { query: { set: { added: 'b c' } } },
        { headers: { set: { 'x-amz-acl': 'private' } } },
        { json: { set: { edited: true } } },
      ],
      serviceAuth: { aws: { ...scope, ...key } },
    });
    for (const [method, path] of [
      ['GET', '/a/b%20c/(d)/%C3%BC?z=1&a=x%2Fy&Z=0'],
      ['POST', "/a/it's/a+b?q=a+b"],
      ['PUT', '/a/%7Euser/100%25?empty'],
    ] as const) {
      const json = { 'content-type': 'application/json' };
      const sent = method === 'GET' ? {} : { headers: json, body: '{"a":1}' };
      assert.equal((await ask(gateway.url, { method, path, ...sent })).status, 200);
      const seen = service.requests.at(-1);
      assert.ok(seen !== undefined);
      assert.equal(seen.headers['x-amz-security-token'], key.sessionToken);
      if (method !== 'GET') assert.equal(seen.body.toString(), '{"a":1,"edited":true}');
      assert.equal(seen.headers.authorization, signAsReceived(seen, scope, key), `${name} ${seen.path}`);
    }
  }
});

test('a body that is not signed streams to the service', async (t) => {
  const aws = { region: 'r', service: 's3', accessKeyId: 'A', secretAccessKey: 'x', payload: 'unsigned' };
  const service = await startService(t, (_req, res) => res.end('early'), { early: true });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth: { aws } }] },
  });
  const req = request(`${gateway.url}/a`, { method: 'PUT', headers: { 'content-length': '10' } });
  req.write('half');
  await until(() => service.requests.length === 1, { what: 'the head, before the body is whole' });
  req.on('error', () => undefined).destroy();
  assert.equal(service.requests[0]?.headers['x-amz-content-sha256'], 'UNSIGNED-PAYLOAD');
});

test('a clock that goes wrong is found out by what the service says of the time, and the request is tried again', async (t) => {
  const aws = { region: 'r', service: 'execute-api', accessKeyId: 'A', secretAccessKey: 'x' };
  const aheadMs = 20 * 60 * 1000;
  const service = await startService(t, (req, res) => {
    const theirs = new Date(Date.now() + aheadMs);
    const said = String(req.headers['x-amz-date']);
    const iso = said.replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5');
    const isLate = Math.abs(Date.parse(iso) - theirs.getTime()) > 5 * 60 * 1000;
    res.writeHead(isLate ? 403 : 200, { date: theirs.toUTCString() }).end();
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/a', target: service.url, auth: 'none', serviceAuth: { aws } }] },
  });
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
  assert.equal(service.requests.length, 3, 'it is found out once');
});

test('an explanation names the kind of credential, and asks nobody for one', async (t) => {
  const tokens = await startTokenServer(t);
  const { service, gateway } = await startOnOneRoute(t, { auth: 'none', serviceAuth: clientCredentials(tokens) });
  const dry = { method: 'GET', target: '/a', headers: ['host', 'x'], dryRun: true };
  const { context } = await collect(gateway.gateway.inProcess, dry);
  const said = context.trace?.map(({ decision }) => decision).join('\n') ?? '';
  assert.match(said, /credential: oauth2 in authorization/);
  assert.match(JSON.stringify(context.trace), /\["authorization","\*\*\*"\]/);
  assert.equal(tokens.requests.length + service.requests.length, 0);
});

const REFUSED: readonly (readonly [string, object, RegExp])[] = [
  ['a framing field', { header: { 'Content-Length': '5' } }, /belongs to the connection/],
  ['what the gateway tells', { header: { 'X-User-Id': 'root' } }, /told to the service by the gateway/],
  ['an underscore in place of the dash', { header: { transfer_encoding: 'chunked' } }, /belongs to the connection/],
  ['a line break', { header: { authorization: 'a\nb' } }, /visible ASCII/],
  ['nothing', {}, /names none of header, oauth2, token, aws/],
  ['two in one field', { header: { authorization: 'x' }, token: { audience: 'a' } }, /two of its kinds write/],
  ['plain http', { oauth2: { tokenUrl: 'http://login.example/token', clientId: 'a', clientSecret: 'b' } }, /https URL/],
  ['another kind', { basic: {} }, /basic/],
];

for (const [what, serviceAuth, message] of REFUSED) {
  test(`the file is refused for ${what}`, async (t) => {
    const gateway = await startGateway(t, { file: { routes: [] } });
    const file = { routes: [{ prefix: '/a', target: 'http://127.0.0.1:1', auth: 'none', serviceAuth }] };
    const outcome = await gateway.reload(file);
    assert.match(JSON.stringify(outcome), message);
    assert.ok(!JSON.stringify(outcome).includes('a\\nb'));
  });
}

test('the file is refused where a client credential would be sent on in the field of the gateway', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  const route = { prefix: '/a', target: 'http://127.0.0.1:1', auth: 'jwt', forwardCredentials: true };
  const issuers = [{ issuer: 'i', audience: 'a', secret: 'x'.repeat(48) }];
  const refused = await gateway.reload({
    issuers,
    routes: [{ ...route, serviceAuth: { header: { authorization: 'x' } } }],
  });
  assert.match(JSON.stringify(refused), /\\"authorization\\" is written by serviceAuth/);
  const taken = await gateway.reload({ issuers, routes: [{ ...route, serviceAuth: { header: { 'x-key': 'x' } } }] });
  assert.ok(!JSON.stringify(taken).includes('refused'), JSON.stringify(taken));
});

test('a secret that is missing refuses the file by its name', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  const serviceAuth = { header: { authorization: 'Bearer ${ENV:NOT_THERE}' } };
  const outcome = await gateway.reload({
    routes: [{ prefix: '/a', target: 'http://127.0.0.1:1', auth: 'none', serviceAuth }],
  });
  assert.match(JSON.stringify(outcome), /NOT_THERE/);
});
