import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { SIGNING_SECRET, signRequest } from '../support/sign.ts';

// ATTACK: a signature is made to say of a request what its signer has not said.

async function setUp(
  t: TestContext,
  keys: readonly object[] = [{ id: 'k1', secret: SIGNING_SECRET }],
  own: object = {},
) {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      consumers: [
        { name: 'partner', signatureKeys: keys },
        { name: 'other', signatureKeys: [{ id: 'k2', secret: SIGNING_SECRET }] },
      ],
      routes: [{ prefix: '/', target: service.url, auth: { 'http-signature': own } }],
    },
  });
  return { service, gateway };
}

test('a public key is no secret: HMAC with it proves nothing', async (t) => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const { gateway, service } = await setUp(t, [{ id: 'k1', publicKey: pem }]);
  const now = Math.floor(Date.now() / 1000);
  for (const secret of [pem, pem.trim(), publicKey.export({ type: 'spki', format: 'der' })]) {
    for (const alg of ['', ';alg="hmac-sha256"', ';alg="ed25519"']) {
      const input = `("@method" "@target-uri");created=${now};keyid="k1"${alg}`;
      const base = `"@method": GET\n"@target-uri": ${gateway.url}/\n"@signature-params": ${input}`;
      const signature = `sig=:${createHmac('sha256', secret).update(base).digest('base64')}:`;
      const headers = { 'signature-input': `sig=${input}`, signature };
      assert.equal((await ask(`${gateway.url}/`, { headers })).status, 401);
    }
  }
  assert.equal(service.requests.length, 0);
});

test('a covered field can not be doubled, taken off by Connection, or left out', async (t) => {
  const own = { components: ['@method', '@target-uri', 'x-amount'] };
  const { gateway, service } = await setUp(t, undefined, own);
  const url = `${gateway.url}/`;
  const sign = () =>
    signRequest({ url, headers: { 'x-amount': '1' }, components: ['@method', '@target-uri', 'x-amount'] });
  assert.equal((await ask(url, { headers: sign() })).status, 200);
  assert.equal((await ask(url, { headers: { ...sign(), 'x-amount': ['1', '1000'] } })).status, 401);
  assert.equal((await ask(url, { headers: { ...sign(), connection: 'close, x-amount' } })).status, 401);
  const { 'x-amount': _, ...without } = sign();
  assert.equal((await ask(url, { headers: without })).status, 401);
  assert.equal(service.requests.length, 1);
});

test('a digest that nobody has signed does not count, nor one of an algorithm that proves nothing', async (t) => {
  const { gateway, service } = await setUp(t);
  const url = `${gateway.url}/`;
  const send = (components: string[], digest: string) => {
    const signed = signRequest({ method: 'POST', url, headers: { 'content-digest': digest }, body: 'x', components });
    return ask(url, { method: 'POST', body: 'x', headers: signed });
  };
  const names = ['@method', '@target-uri', 'content-digest'];
  assert.equal((await send(names, 'md5=:nddj5nGhSQuR8qNsIX+Mtw==:')).status, 401);
  assert.equal((await send(names, 'nonsense')).status, 401);
  assert.equal((await send(names.slice(0, 2), 'sha-256=:AAAA:')).status, 401);
  const right = `sha-256=:${(await import('node:crypto')).createHash('sha256').update('x').digest('base64')}:`;
  const now = Math.floor(Date.now() / 1000);
  const input = `("@method" "@target-uri" "content-digest";key="md5");created=${now};keyid="k1"`;
  const base = `"@method": POST\n"@target-uri": ${url}\n"content-digest";key="md5": :AAAA:\n"@signature-params": ${input}`;
  const signature = `sig=:${createHmac('sha256', SIGNING_SECRET).update(base).digest('base64')}:`;
  const headers = { 'content-digest': `md5=:AAAA:, ${right}`, 'signature-input': `sig=${input}`, signature };
  const answer = await ask(url, { method: 'POST', body: 'x', headers });
  assert.equal(answer.json.detail, 'The signature does not cover content-digest.');
  assert.equal(service.requests.length, 0);
});

test('two signatures of keys that are known are none; one of a stranger beside it does no harm', async (t) => {
  const { gateway } = await setUp(t);
  const url = `${gateway.url}/`;
  const join = (first: Record<string, string>, second: Record<string, string>) => ({
    'signature-input': `${first['signature-input']}, ${second['signature-input']}`,
    signature: `${first['signature']}, ${second['signature']}`,
  });
  const own = () => signRequest({ url });
  const ambiguous = join(own(), signRequest({ url, keyid: 'k2', label: 'two' }));
  assert.equal((await ask(url, { headers: ambiguous })).status, 401);
  assert.equal(
    (await ask(url, { headers: join(signRequest({ url, keyid: 'proxy', label: 'p' }), own()) })).status,
    200,
  );
  const input = own();
  const doubled = { ...input, signature: [String(input['signature']), 'sig=:AAAA:'] };
  assert.equal((await ask(url, { headers: doubled })).status, 401, 'the last of one name counts, and is wrong');
});

test('what is huge, nested or nonsense ends 401, and soon', async (t) => {
  const { gateway } = await setUp(t);
  const url = `${gateway.url}/`;
  const { signature = '' } = signRequest({ url });
  const inputs = [
    `sig=(${'"a" '.repeat(2500)}"b");created=1;keyid="k1"`,
    `sig=${'('.repeat(4000)}`,
    Array.from({ length: 300 }, (_, index) => `s${index}=();keyid="k1"`).join(', '),
    `sig=("@method"${';sf'.repeat(500)});keyid="k1";created=1`,
    'sig=("@method" "@target-uri");keyid="k1";created=99999999999999999999',
    'sig=("@method" "@target-uri");keyid="k1";created=-1',
    'sig="a";keyid="k1"',
    'sig=:AAAA:;keyid="k1"',
    '__proto__=();keyid="k1"',
    'sig=();keyid="__proto__"',
    '',
    ',',
  ];
  for (const input of inputs) {
    const startedAtMs = performance.now();
    const answer = await ask(url, { headers: { 'signature-input': input, signature, 'x-forwarded-for': '1' } });
    assert.ok(answer.status === 401 || answer.status === 429, `${answer.status} ${input.slice(0, 40)}`);
    assert.ok(performance.now() - startedAtMs < 2000);
  }
  const raw = `GET / HTTP/1.1\r\nHost: a\r\nSignature: sig=:AAAA:\r\nConnection: close\r\n\r\n`;
  assert.equal(statusOf(await askRaw(gateway.port, raw)), 401);
});
