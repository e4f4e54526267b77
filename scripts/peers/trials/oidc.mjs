import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import Provider from 'oidc-provider';
import * as client from 'openid-client';
import { freePort } from '../../../tests/support/service.ts';
import { startRecipe } from '../recipe.mjs';

/** A provider whose issuer is its address at the gateway, which has to be there first; both know their ports. */
async function setUp(t) {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const gateway = await startRecipe(
    t,
    'An OpenID provider',
    {
      'http://localhost:4001': `http://127.0.0.1:${port}`,
      'https://api.example.com': `http://127.0.0.1:${gatewayPort}`,
    },
    { env: { PORT: `${gatewayPort}` } },
  );
  const issuer = `${gateway.url}/oidc`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'web',
        client_secret: 'secret-of-web',
        redirect_uris: ['http://127.0.0.1:1/cb'],
        grant_types: ['authorization_code', 'client_credentials'],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:api',
        getResourceServerInfo: () => ({ audience: 'api', scope: '', accessTokenFormat: 'jwt' }),
      },
    },
  });
  provider.proxy = true;
  const server = createServer(express().use('/oidc', provider.callback()));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { gateway, issuer };
}

const discover = (issuer) =>
  client.discovery(new URL(issuer), 'web', 'secret-of-web', undefined, { execute: [client.allowInsecureRequests] });

test('an OpenID provider: discovery names the gateway, and a login begins there', async (t) => {
  const { issuer } = await setUp(t);
  const config = await discover(issuer);
  const metadata = config.serverMetadata();
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'])
    assert.ok(metadata[name].startsWith(`${issuer}/`), `${name}: ${metadata[name]}`);
  const challenge = await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier());
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: 'http://127.0.0.1:1/cb',
    scope: 'openid',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  const answer = await fetch(url, { redirect: 'manual' });
  assert.equal(answer.status, 303);
  const login = new URL(answer.headers.get('location'), url);
  assert.ok(login.href.startsWith(`${issuer}/interaction/`), login.href);
  const cookies = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
  assert.ok(cookies.length > 0);
  const page = await fetch(login, { headers: { cookie: cookies.join('; ') } });
  assert.equal(page.status, 200);
  assert.match(await page.text(), /Sign-in/);
});

test('an OpenID provider: the gateway takes its tokens on another route', async (t) => {
  const { gateway, issuer } = await setUp(t);
  const config = await discover(issuer);
  const { access_token: token } = await client.clientCredentialsGrant(config);
  const ask = (authorization) => fetch(`${gateway.url}/api`, { headers: { authorization } });
  assert.equal((await ask(`Bearer ${token}`)).status, 200);
  assert.equal((await ask(`Bearer ${token.slice(0, -8)}AAAAAAAA`)).status, 401);
});
