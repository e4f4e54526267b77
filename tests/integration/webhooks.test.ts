import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubHandler, startService } from '../support/service.ts';
import { SIGNING_SECRET, signGitHub, signStripe } from '../support/sign.ts';
import { until } from '../support/until.ts';

interface Options {
  readonly webhook?: object;
  readonly secrets?: readonly string[];
  /** Where the clock of the gateway stands, in seconds. */
  readonly atSeconds?: number;
  readonly handler?: StubHandler;
  readonly route?: object;
  readonly file?: object;
}

async function setUp(t: TestContext, { webhook = {}, secrets = [SIGNING_SECRET], ...rest }: Options = {}) {
  const service = await startService(t, rest.handler);
  const time = { nowMs: rest.atSeconds === undefined ? undefined : rest.atSeconds * 1000 };
  const options = { consumers: 'provider', ...('parts' in webhook ? {} : { provider: 'github' }), ...webhook };
  const gateway = await startGateway(t, {
    file: {
      ...rest.file,
      consumers: [{ name: 'provider', roles: ['hooks'], webhookSecrets: secrets }],
      routes: [{ prefix: '/', target: service.url, auth: { webhook: options }, ...rest.route }],
    },
    clock: { now: () => time.nowMs ?? Date.now() },
  });
  const send = (body: string | Buffer, headers: Record<string, string> = {}) =>
    ask(`${gateway.url}/hook?a=1`, { method: 'POST', headers, body });
  return { service, gateway, send, time };
}

test("GitHub's documented example passes, and one changed byte does not", async (t) => {
  const { send, service } = await setUp(t, { secrets: ["It's a Secret to Everybody"] });
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  const wrong = await send('Hello, World?', { 'x-hub-signature-256': signature });
  assert.equal(wrong.status, 401);
  assert.equal(wrong.json.detail, 'The signature does not fit the body.');
  assert.match(String(wrong.headers['www-authenticate']), /^Webhook realm=/);
  const right = await send('Hello, World!', { 'x-hub-signature-256': signature, 'x-hub-signature': 'sha1=00' });
  assert.equal(right.status, 200);
  const [seen] = service.requests;
  assert.equal(seen?.body.toString(), 'Hello, World!');
  assert.equal(seen?.headers['x-consumer-name'], 'provider');
  assert.equal(seen?.headers['x-user-role'], 'hooks');
  assert.equal(seen?.headers['x-hub-signature-256'], undefined, 'it stops at the gateway');
  assert.equal(seen?.headers['x-hub-signature'], undefined);
  assert.equal((await send('Hello, World!')).status, 401);
});

test("Slack's documented example passes within its five minutes", async (t) => {
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
  const headers = {
    'x-slack-request-timestamp': '1531420618',
    'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  };
  const secrets = ['8f742231b10e8888abcd99yyyzzz85a5'];
  const { send, time, gateway } = await setUp(t, { webhook: { provider: 'slack' }, secrets, atSeconds: 1_531_420_919 });
  const late = await send(body, headers);
  assert.equal(late.status, 401);
  assert.equal(late.json.detail, 'The time of the signature is too far from now.');
  const line = await gateway.line({ status: 401 });
  assert.match(String(line['errorDetail'] ?? line['detail'] ?? JSON.stringify(line)), /301 s old, and 300 s are taken/);
  time.nowMs = 1_531_420_318_000;
  assert.equal((await send(body, { ...headers, 'x-slack-request-timestamp': '1531420619' })).status, 401, 'moved');
  assert.equal((await send(body, headers)).status, 200, 'five minutes ahead is the limit too');
  const { 'x-slack-signature': signature } = headers;
  assert.equal((await send(body, { 'x-slack-signature': signature })).status, 401);
  assert.equal((await send(body, { ...headers, 'x-slack-request-timestamp': '1531420618.0' })).status, 401);
});

test('Standard Webhooks: the documented example passes, one of several signatures is enough, and Ed25519 too', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
  const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whpk_${raw}`];
  const webhook = { provider: 'standard-webhooks' };
  const { send, service } = await setUp(t, { webhook, secrets, atSeconds: 1_614_265_330 });
  const body = '{"test": 2432232314}';
  const v1 = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  const fields = (signature: string, id = 'msg_p5jXN8AQM9LWM0D4loKWxJek') => ({
    'webhook-id': id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': signature,
  });
  const other = `v1,${Buffer.alloc(32).toString('base64')}`;
  assert.equal((await send(body, fields(other))).status, 401);
  assert.equal((await send(body, fields(v1, 'msg_other'))).status, 401);
  assert.equal((await send(body, fields(`v2,abc ${other} ${v1}`))).status, 200);
  assert.equal(service.requests[0]?.headers['webhook-id'], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'the service needs it');
  const v1a = (id: string) => {
    const signature = sign(null, Buffer.from(`${id}.1614265330.${body}`), privateKey);
    return fields(`v1a,${signature.toString('base64')}`, id);
  };
  assert.equal((await send(body, v1a('msg_2'))).status, 200);
  assert.equal((await send(body, fields(v1a('msg_3')['webhook-signature'], 'msg_4'))).status, 401);
  // The same message under its other signature is the same message.
  const again = await send(body, v1a('msg_p5jXN8AQM9LWM0D4loKWxJek'));
  assert.equal(again.status, 409);
  assert.match(again.json.type, /signature_replayed$/);
  // A public key in the place of a secret.
  const confused = createHmac('sha256', Buffer.from(raw, 'base64')).update(`msg_5.1614265330.${body}`).digest('base64');
  assert.equal((await send(body, fields(`v1,${confused}`, 'msg_5'))).status, 401);
});

test('Stripe: one of several signatures and secrets is enough, and two times are none', async (t) => {
  const secrets = [SIGNING_SECRET, 'whsec_another_secret_of_the_tests'];
  const { send } = await setUp(t, { webhook: { provider: 'stripe' }, secrets });
  const body = '{"id": "evt_1"}';
  assert.equal((await send(body, signStripe(body, ['somebody else', secrets[1] as string]))).status, 200);
  const { 'stripe-signature': field = '' } = signStripe(body);
  assert.equal((await send(body, { 'stripe-signature': `t=1,${field}` })).status, 401);
  assert.equal((await send(body, { 'stripe-signature': field.replace(/^t=\d+,/, '') })).status, 401);
  assert.equal((await send(body, { 'stripe-signature': field.replaceAll('v1=', 'v0=') })).status, 401);
  assert.equal((await send(body, { 'stripe-signature': `${field},v1=${'00'.repeat(32)}`.repeat(20) })).status, 401);
  assert.equal((await send(body, signStripe(body, secrets, Date.now() - 301_000))).status, 401);
});

test('any other provider is told by its parts', async (t) => {
  const parts = {
    header: 'X-Sig',
    prefix: 'hmac ',
    algorithm: 'sha512',
    encoding: 'base64url',
    signed: '${method} ${url}\n${id}:${timestamp}:${body}',
    timestamp: { header: 'X-Time', unit: 'ms', tolerance: '1m' },
    id: { header: 'X-Id' },
  };
  const { send, gateway } = await setUp(t, { webhook: { parts } });
  const fields = (nowMs = Date.now(), id = 'a-1') => {
    const signed = `POST ${gateway.url}/hook?a=1\n${id}:${nowMs}:body`;
    const mac = createHmac('sha512', SIGNING_SECRET).update(signed).digest('base64url');
    return { 'x-sig': `hmac ${mac}`, 'x-time': String(nowMs), 'x-id': id };
  };
  assert.equal((await send('body', fields())).status, 200);
  assert.equal((await send('body', fields(Date.now() - 61_000))).status, 401);
  assert.equal((await send('body', fields(Date.now(), 'a:1'))).status, 401, 'an ID that could hold what follows it');
  assert.equal((await send('body', { ...fields(), 'x-id': 'a-2' })).status, 401);
});

test('a signature may come in Authorization, beside tokens', async (t) => {
  const parts = { header: 'Authorization', prefix: 'HMAC ', encoding: 'base64' };
  const hook = { webhook: { consumers: 'provider', parts } };
  const { send } = await setUp(t, { route: { auth: [hook, 'jwt'] } });
  const mac = createHmac('sha256', SIGNING_SECRET).update('x').digest('base64');
  assert.equal((await send('x', { authorization: `HMAC ${mac}` })).status, 200);
  assert.equal((await send('y', { authorization: `HMAC ${mac}` })).status, 401);
  assert.equal((await send('y', { authorization: `Basic ${mac}` })).status, 401);
});

test('what is signed is the body as it was sent, and the service gets the very same', async (t) => {
  const { send, service } = await setUp(t);
  const coded = gzipSync('{"a": 1}');
  const headers = { 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' };
  assert.equal((await send(coded, { ...headers, ...signGitHub(coded) })).status, 200);
  assert.deepEqual(service.requests[0]?.body, coded);
  assert.equal(service.requests[0]?.headers['content-encoding'], 'gzip');
  assert.equal((await send('', signGitHub(''))).status, 200);
  assert.equal((await send(Buffer.alloc(1024 * 1024 + 1), signGitHub('x'))).status, 413);
});

test('a webhook of more than 32 MiB is 413, whatever the route takes', async (t) => {
  const { send } = await setUp(t, { route: { bodyLimit: '64mb' } });
  const body = Buffer.alloc(32 * 1024 * 1024 + 1);
  assert.equal((await send(body, signGitHub(body))).status, 413);
  const chunked = await send(body, { 'transfer-encoding': 'chunked', ...signGitHub(body) });
  assert.equal(chunked.status, 413);
});

test('GitHub: a delivery that came to nothing may come again, and one that has passed may not', async (t) => {
  let status = 503;
  const { send } = await setUp(t, { handler: (_req, res) => void res.writeHead(status).end() });
  const body = '{"action": "opened"}';
  assert.equal((await send(body, signGitHub(body))).status, 503);
  status = 200;
  const delivery = { 'x-github-delivery': 'one' };
  await until(async () => (await send(body, { ...signGitHub(body), ...delivery })).status === 200);
  const again = await send(body, { ...signGitHub(body), 'x-github-delivery': 'another, which nobody has signed' });
  assert.equal(again.status, 409);
});

test('an explanation takes nothing, and tells a copy', async (t) => {
  const { send, gateway } = await setUp(t);
  const question = { method: 'POST', url: '/hook', headers: signGitHub('x'), body: 'x' };
  const explain = () => ask(`${gateway.adminUrl}/explain`, { method: 'POST', body: JSON.stringify(question) });
  assert.match((await explain()).text, /webhook ok consumer=provider/);
  assert.equal((await send('x', signGitHub('x'))).status, 200);
  const { text } = await explain();
  assert.match(text, /this very request has been received before/);
  assert.ok(!text.includes(String(question.headers['x-hub-signature-256'])));
});

test('with replay "off" copies pass', async (t) => {
  const { send } = await setUp(t, { webhook: { replay: 'off' } });
  assert.deepEqual([(await send('x', signGitHub('x'))).status, (await send('x', signGitHub('x'))).status], [200, 200]);
});

test('plans, roles and the log know the consumer, and the credential goes on where the route says so', async (t) => {
  const limited = { rateLimits: [{ limit: 1, window: '1h', by: 'consumer' }], authorize: { roles: ['hooks'] } };
  const { send, service, gateway } = await setUp(t, { route: { ...limited, forwardCredentials: true } });
  assert.equal((await send('x', signGitHub('x'))).status, 200);
  assert.match(String(service.requests[0]?.headers['x-hub-signature-256']), /^sha256=/);
  assert.equal((await send('y', signGitHub('y'))).status, 429);
  const line = await gateway.line({ status: 200 });
  assert.equal(line['consumer'], 'provider');
  const all = [...gateway.accessLines, ...gateway.messages].join('\n');
  assert.ok(!all.includes(SIGNING_SECRET) && !all.includes(String(signGitHub('x')['x-hub-signature-256'])));
});

test('neither the state nor the list of consumers tells a secret, and guessing is slowed down as anywhere', async (t) => {
  const { send, gateway } = await setUp(t);
  const pages = await Promise.all(['/state', '/consumers', '/metrics'].map((path) => ask(gateway.adminUrl + path)));
  for (const { text } of pages) assert.ok(!text.includes(SIGNING_SECRET));
  const statuses: number[] = [];
  for (let i = 0; i < 22; i += 1) statuses.push((await send(`${i}`, signGitHub('another'))).status);
  assert.deepEqual(statuses.slice(-2), [429, 429]);
  assert.equal((await send('x', signGitHub('x'))).status, 200, 'a valid one passes all the same');
});

test('a file with a webhook that could never pass, or that anybody could forge, is refused', async (t) => {
  const { gateway } = await setUp(t);
  const refusal = async (webhook: object, consumer: object = { webhookSecrets: [SIGNING_SECRET] }) => {
    const result = await gateway.reload({
      consumers: [{ name: 'provider', ...consumer }],
      routes: [{ prefix: '/', target: 'http://127.0.0.1:9', auth: { webhook } }],
    });
    return JSON.stringify(result);
  };
  const github = { provider: 'github', consumers: 'provider' };
  const parts = (own: object) => ({ parts: { header: 'x-sig', ...own }, consumers: 'provider' });
  assert.match(await refusal({ ...github, consumers: 'nobody' }), /no consumer \\"nobody\\"/);
  assert.match(await refusal(github, {}), /has no secret for webhooks/);
  assert.match(await refusal(github, { webhookSecrets: ['short'] }), /at least 16/);
  assert.match(await refusal({ provider: 'standard-webhooks', consumers: 'provider' }), /does not begin with whsec_/);
  assert.match(await refusal({ consumers: 'provider' }), /either/);
  assert.match(await refusal({ ...github, provider: 'gitub' }), /github/);
  assert.match(await refusal(parts({ signed: 'x' })), /needs \$\{body\}/);
  assert.match(await refusal(parts({ signed: '${body}${nonsense}' })), /nonsense/);
  const timed = { timestamp: { header: 'x-time' }, id: { header: 'x-id' } };
  assert.match(await refusal(parts({ ...timed, signed: '${id}${timestamp}${body}' })), /where \$\{id\} ends/);
  assert.match(await refusal(parts({ signed: '${url}${body}' })), /write the URL itself/);
  assert.match(await refusal(parts({ timestamp: { header: 'x-time' } })), /a time that is not signed/);
  assert.match(await refusal(parts({ id: { header: 'x-id' } })), /one that is not signed/);
  assert.match(await refusal({ provider: 'stripe', consumers: 'provider', replay: '1h' }), /no time is signed/);
  for (const text of [await refusal(github, { webhookSecrets: ['short'] })]) assert.doesNotMatch(text, /"short"/);
});

test('a public key is no secret, wherever else it counts', async (t) => {
  const { gateway } = await setUp(t);
  const raw = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const refusal = async (secret: string, first: object, second: object) => {
    const routes = [first, second].map((webhook, at) => ({
      prefix: `/${at}`,
      target: 'http://127.0.0.1:9',
      auth: { webhook: { consumers: 'provider', ...webhook } },
    }));
    return JSON.stringify(
      await gateway.reload({ consumers: [{ name: 'provider', webhookSecrets: [secret] }], routes }),
    );
  };
  const github = { provider: 'github' };
  const key = { parts: { header: 'x-sig', algorithm: 'ed25519' } };
  const standard = { provider: 'standard-webhooks' };
  assert.match(await refusal(`whpk_${raw.toString('base64')}`, standard, github), /key of a key pair/);
  for (const coding of ['hex', 'base64'] as const) {
    const text = await refusal(raw.toString(coding), key, github);
    assert.match(text, /is the public key of route 0: anybody may know it/);
    assert.ok(!text.includes(raw.toString(coding)));
    const coded = { parts: { header: 'x-sig', secretEncoding: coding } };
    assert.match(await refusal(raw.toString(coding), coded, key), /is the public key of route 1/);
  }
  assert.doesNotMatch(await refusal(raw.toString('hex'), github, { ...github, replay: '1s' }), /public key/);
});
