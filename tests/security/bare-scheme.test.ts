import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** The attack: an Authorization field that one reader takes for a credential and another for none. */
const SECRET = 'a secret of the tests that is longer than 32 bytes';
const key = createApiKey();

test('a strange Authorization is an invalid one, also where nobody need prove who they are', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env: { JWT_SECRET: SECRET },
    file: {
      consumers: [{ name: 'mobile-app', keys: [{ id: 'k1', sha256: hashApiKey(key) }] }],
      routes: [
        { prefix: '/optional', target: service.url, auth: { any: ['jwt', 'api-key'], optional: true } },
        { prefix: '/needed', target: service.url },
      ],
    },
  });
  const token = jwt.sign({ sub: 'u1' }, SECRET, { expiresIn: '1m' });
  const strange = [
    'Bearer',
    'bearer ',
    '',
    'Bearer  ',
    `Bearer\t${token}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token},Bearer ${token}`,
    `Bearer "${token}"`,
    `Bearer ${token}\xa0`,
    `Bearer: ${token}`,
    token,
    `Basic ${token}`,
    `Bearer ${token}\r\nAuthorization: Bearer ${token}`,
    `Bearer ${token}\r\nauthorization: `,
  ];
  for (const value of strange) {
    for (const path of ['/optional', '/needed']) {
      for (const also of ['', `X-API-Key: ${key}\r\n`]) {
        const head = `GET ${path} HTTP/1.1\r\nHost: a\r\n${also}Authorization: ${value}\r\nConnection: close\r\n\r\n`;
        const status = statusOf(await askRaw(gateway.port, Buffer.from(head, 'latin1')));
        assert.ok(status === 401 || status === 429, `${status} for ${path} and ${JSON.stringify(value)} ${also}`);
      }
    }
  }
  assert.equal(service.requests.length, 0);
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
    const { status } = await ask(`${gateway.url}/needed`, { headers: { authorization: `${scheme} ${token}` } });
    assert.equal(status, 200, scheme);
  }
});
