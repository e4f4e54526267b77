import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { UnprovenUploads, unprovenKind } from '../../src/auth/signed/unproven-uploads.ts';
import { MESSAGES } from '../../src/lib/held-bytes.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { SIGNING_SECRET, signGitHub, signRequest, signStripe } from '../support/sign.ts';
import { until } from '../support/until.ts';

// ATTACK: whoever has no secret makes the gateway read bodies, to fill its memory or to take the places of others.

const MIB = 1024 * 1024;
const UPLOADS = 100;

async function setUp(t: Parameters<typeof startService>[0], env = {}) {
  const service = await startService(t);
  const consumers = [
    { name: 'hooks', webhookSecrets: [SIGNING_SECRET] },
    { name: 'partner', signatureKeys: [{ id: 'k1', secret: SIGNING_SECRET }] },
  ];
  const hook = (provider: string) => ({ auth: { webhook: { provider, consumers: 'hooks' } } });
  const routes = [
    { prefix: '/github', target: service.url, ...hook('github') },
    { prefix: '/stripe', target: service.url, ...hook('stripe') },
    { prefix: '/partner', target: service.url, auth: 'http-signature' },
  ];
  const gateway = await startGateway(t, { file: { consumers, routes }, env });
  return { service, gateway };
}

/** The head of an upload of a mebibyte, with these fields. */
function head(path: string, fields: Record<string, string>): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${MIB}\r\nExpect: 100-continue\r\n${lines.join('')}\r\n`;
}

test('what can be told from the fields is refused before a byte of the body is asked for', async (t) => {
  const { gateway } = await setUp(t);
  const now = Math.floor(Date.now() / 1000);
  const stale = signStripe('x', undefined, Date.now() - 400_000);
  const input = `sig=("@method" "@target-uri" "content-digest");created=${now};keyid="k1"`;
  const digest = { 'Content-Digest': 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:' };
  const forged = { 'Signature-Input': input, Signature: 'sig=:AAAA:', ...digest };
  for (const [path, fields] of [
    ['/github', {}],
    ['/github', { 'X-Hub-Signature-256': 'sha256=00zz' }],
    ['/stripe', stale],
    ['/stripe', { 'Stripe-Signature': `t=${now}` }],
    ['/partner', {}],
    ['/partner', forged],
  ] as const) {
    const answer = await askRaw(gateway.port, head(path, { Connection: 'close', ...fields }));
    assert.equal(statusOf(answer), 401, `${path} ${JSON.stringify(fields)}`);
    assert.doesNotMatch(answer, /100 Continue/);
  }
  const plausible = { 'X-Hub-Signature-256': `sha256=${'00'.repeat(32)}` };
  const waiting = await openUpload(t, gateway.port, head('/github', plausible));
  await until(() => waiting.received.includes('100 Continue'));
});

/** An upload that stands after its head. */
async function openUpload(t: Parameters<typeof startService>[0], port: number, bytes: string | Buffer) {
  const socket: Socket = connect(port, '127.0.0.1');
  const state = { socket, received: '' };
  socket.on('data', (chunk: Buffer) => {
    state.received += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  socket.write(bytes);
  return state;
}

test('a hundred uploads of a mebibyte that stand do not disturb a valid caller, from the same address either', async (t) => {
  const { gateway } = await setUp(t, { TRUST_PROXY: '127.0.0.0/8' });
  const [uploads] = gateway.deps.pool.list(unprovenKind);
  assert.ok(uploads instanceof UnprovenUploads);
  const almost = Buffer.alloc(MIB - 1);
  const forged = { 'X-Hub-Signature-256': `sha256=${'00'.repeat(32)}`, 'X-Forwarded-For': '192.0.2.7' };
  const open = await Promise.all(
    Array.from({ length: UPLOADS }, () =>
      openUpload(t, gateway.port, Buffer.concat([Buffer.from(head('/github', forged)), almost])),
    ),
  );
  const evicted = () => open.filter(({ received }) => received.includes(' 503 ')).length;
  await until(() => evicted() >= UPLOADS - 32);
  assert.ok(uploads.bytes <= 32 * MIB, `${uploads.bytes} bytes are held`);
  const body = Buffer.alloc(500_000, 'x');
  for (const address of ['192.0.2.7', '192.0.2.8']) {
    for (let i = 0; i < 5; i += 1) {
      const sent = Buffer.concat([body, Buffer.from(`${address} ${i}`)]);
      const headers = { ...signGitHub(sent), 'x-forwarded-for': address };
      assert.equal((await ask(`${gateway.url}/github`, { method: 'POST', body: sent, headers })).status, 200);
    }
  }
  const call = { method: 'POST', body: 'x' };
  const signed = signRequest({ ...call, url: `${gateway.url}/partner` });
  const headers = { ...signed, 'x-forwarded-for': '192.0.2.7' };
  assert.equal((await ask(`${gateway.url}/partner`, { ...call, headers })).status, 200);
  for (const { socket } of open) socket.destroy();
  await until(() => uploads.bytes === 0);
  await until(() => MESSAGES.total === 0);
});
