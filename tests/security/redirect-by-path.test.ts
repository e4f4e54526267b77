import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { openWire } from '../support/wire.ts';

/**
 * The attack: what is left of the path after the prefix becomes the host of the redirect: `/old//evil.example` with
 * `"to": "/"` would be `//evil.example`, and `/docs.evil.example` behind an origin another name altogether.
 */
const RESTS = [
  '//evil.example',
  '///evil.example/x',
  '/\\evil.example',
  '/%5cevil.example',
  '/%2fevil.example',
  '/%2f%2fevil.example',
  '/./%2fevil.example',
  '/..//evil.example',
  '@evil.example',
  '.evil.example',
  ':80@evil.example',
  '/%09/evil.example',
  '/%0d%0aset-cookie:%20a=b',
  '/x?y=//evil.example',
  '?//evil.example',
  '#@evil.example',
];

test('no path makes a redirect lead to a host that the file does not name', async (t) => {
  const roots = ['/old', '/raw', '/docs', '/', '/p/'];
  const route = (prefix: string, to: string, more: object = {}) => ({
    prefix,
    redirect: { to },
    auth: 'none',
    ...more,
  });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        route('/old', '/'),
        route('/raw', '/', { path: 'raw' }),
        route('/docs', 'https://docs.example'),
        route('/p/:name', '/:name'),
        route('/', 'https://docs.example/', { path: 'raw' }),
      ],
    },
  });
  let redirects = 0;
  for (const root of roots) {
    for (const rest of RESTS) {
      const wire = openWire(t, gateway.port);
      wire.write(`GET ${root}${rest} HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n`);
      const [head] = await wire.gets(/^HTTP\/1\.1 \d+[\s\S]*?\r\n\r\n/);
      assert.doesNotMatch(head, /set-cookie/i);
      const location = /^location: (.*)\r$/im.exec(head)?.[1];
      if (location === undefined) continue;
      redirects += 1;
      const { host } = new URL(location, 'http://gateway.example/');
      assert.ok(['gateway.example', 'docs.example'].includes(host), `${root}${rest} led to ${location}`);
      assert.match(location, /^[\x21-\x7e]+$/);
    }
  }
  assert.ok(redirects > 20, `${redirects}`);
});
