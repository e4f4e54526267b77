import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/**
 * The attack: a redirect that stays on the service is turned round, by the gateway, into one that a browser reads as
 * another host: what is left of `http://service//evil.example` without its origin is `//evil.example`.
 */
const SLASHES = ['//evil.example/x', '///evil.example', '/\\evil.example', '//evil.example@a/', '/\t/evil.example'];

test('a redirect of a service to itself never leaves for another host', async (t) => {
  let location = '';
  const service = await startService(t, (_req, res) => {
    res.writeHead(302, { location, 'content-location': location });
    res.end();
  });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/', target: service.url, auth: 'none' },
        { prefix: '/app', target: service.url, auth: 'none' },
        { prefix: '/kept', target: service.url, auth: 'none', stripPrefix: false },
        { prefix: '/moved', hosts: ['a.example'], target: service.url, auth: 'none', rewritePrefix: '/users' },
        { prefix: '/', hosts: ['b.example'], target: service.url, auth: 'none', rewritePrefix: '/users' },
        { prefix: '/', hosts: ['c.example'], target: `${service.url}/users`, auth: 'none' },
      ],
    },
  });
  const base = 'http://gateway.example/';
  for (const rest of SLASHES) {
    for (const [path, host] of [
      ['/x', 'any.example'],
      ['/app/x', 'any.example'],
      ['/kept/x', 'any.example'],
      ['/moved/x', 'a.example'],
      ['/x', 'b.example'],
      ['/x', 'c.example'],
    ] as const) {
      for (const own of [service.url + rest, `${service.url}/users${rest}`, `/users${rest}`]) {
        location = own;
        const { headers } = await ask(gateway.url + path, { headers: { host } });
        for (const sent of [headers.location, headers['content-location']]) {
          assert.equal(new URL(sent ?? '', base).host, 'gateway.example', `${own} became ${sent} at ${host}${path}`);
        }
      }
    }
  }
});
