import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createAuthority, NO_OPENSSL } from '../support/certificates.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** The attack: a client sends, to a route that doesn't ask for it, what another one takes as proof of who calls. */

const needsOpenssl = { skip: NO_OPENSSL };

const PROOFS = ['client-cert', 'client-cert-chain', 'remote-user', 'x-amzn-mtls-clientcert'];

function createCertificate() {
  const certificate = new X509Certificate(createAuthority().sign('app', 'DNS:app').cert);
  return { certificate, field: `:${certificate.raw.toString('base64')}:` };
}

/** Two certificate fields in one file; the peer is trusted or not. */
async function setUp(t: TestContext, isTrusted: boolean) {
  const { certificate, field } = createCertificate();
  const service = await startService(t);
  const route = (prefix: string, more: object) => ({ prefix, target: service.url, ...more });
  const named = { mtls: { header: 'X-Amzn-Mtls-Clientcert' } };
  const gateway = await startGateway(t, {
    env: isTrusted ? { TRUST_PROXY: '1' } : {},
    file: {
      consumers: [{ name: 'app', certificates: [{ sha256: certificate.fingerprint256 }] }],
      routes: [
        route('/public', { auth: 'none' }),
        route('/tried', { auth: 'jwt', shadow: ['authenticate'] }),
        route('/optional', { auth: { any: ['jwt'], optional: true }, forwardCredentials: true }),
        route('/b2b', { auth: named }),
        route('/kept', { auth: named, forwardCredentials: true }),
        route('/kept-optional', { auth: { any: [named], optional: true }, forwardCredentials: true }),
      ],
    },
  });
  return { gateway, service, field };
}

test('what proves who calls reaches no service from a client, on no route of the file', needsOpenssl, async (t) => {
  for (const isTrusted of [false, true]) {
    const { gateway, field } = await setUp(t, isTrusted);
    const headers = Object.fromEntries(PROOFS.map((name) => [name, field]));
    const paths = ['/public', '/tried', '/optional', ...(isTrusted ? ['/b2b'] : ['/kept-optional'])];
    for (const path of paths) {
      const { status, json } = await ask(gateway.url + path, { headers });
      assert.equal(status, 200, path);
      for (const name of PROOFS)
        assert.equal(json.headers[name], undefined, `${name} at ${path}, trusted: ${isTrusted}`);
    }
  }
});

test('a proven certificate goes on where the route forwards credentials', needsOpenssl, async (t) => {
  const { gateway, field } = await setUp(t, true);
  const { status, json } = await ask(`${gateway.url}/kept`, { headers: { 'x-amzn-mtls-clientcert': field } });
  assert.equal(status, 200);
  assert.equal(json.headers['x-amzn-mtls-clientcert'], field);
  assert.equal(json.headers['x-consumer-name'], 'app');
});

test(
  "of two certificates neither counts: a load balancer may have added its own behind the client's",
  needsOpenssl,
  async (t) => {
    const { gateway, field } = await setUp(t, true);
    const other = createCertificate().field;
    for (const fields of [
      [field, other],
      [other, field],
    ]) {
      const { status } = await ask(`${gateway.url}/b2b`, { headers: { 'x-amzn-mtls-clientcert': fields } });
      assert.equal(status, 401);
    }
  },
);

test('/-/me believes a certificate only in a field that a route names', needsOpenssl, async (t) => {
  const { gateway, field } = await setUp(t, true);
  const me = async (name: string) => (await ask(`${gateway.url}/-/me`, { headers: { [name]: field } })).status;
  assert.equal(await me('client-cert'), 401, 'a load balancer that sets another field lets this one through');
  assert.equal(await me('x-amzn-mtls-clientcert'), 200);
});

test('a reload that names a new field of proof keeps it from all routes at once', needsOpenssl, async (t) => {
  const service = await startService(t);
  const open = { prefix: '/a', target: service.url, auth: 'none' };
  const gateway = await startGateway(t, { file: { routes: [open] } });
  const seen = async () => (await ask(`${gateway.url}/a`, { headers: { 'x-cert': 'v' } })).json.headers['x-cert'];
  assert.equal(await seen(), 'v');
  await gateway.reload({ routes: [open, { prefix: '/b', target: service.url, auth: { mtls: { header: 'X-Cert' } } }] });
  assert.equal(await seen(), undefined);
  await gateway.reload({ routes: [open] });
  assert.equal(await seen(), 'v');
});
