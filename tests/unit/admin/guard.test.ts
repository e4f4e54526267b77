import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { createAdminGuard } from '../../../src/admin/guard.ts';

const TOKEN = 'a-token-of-decent-length';

function statusFor(adminToken: string | undefined, headers: Record<string, string>, url = '/state'): number {
  return createAdminGuard({ adminToken })({ method: 'GET', url, headers } as unknown as IncomingMessage)?.status ?? 200;
}

test('without a token whoever is on this machine may use the admin port', () => {
  for (const host of ['localhost:9901', '127.0.0.1:9901', '[::1]:9901', 'LOCALHOST', '127.9.9.9:1']) {
    assert.equal(statusFor(undefined, { host }), 200, host);
  }
});

test('a page whose name was bound to 127.0.0.1 anew is refused by its Host', () => {
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:9901', '', 'localhost@evil']) {
    assert.equal(statusFor(undefined, { host }), 403, host);
  }
});

test('a browser page from elsewhere can neither read nor post', () => {
  const host = 'localhost:9901';
  assert.equal(statusFor(undefined, { host, origin: 'https://evil.example' }), 403);
  assert.equal(statusFor(undefined, { host, origin: 'null' }), 403);
  assert.equal(statusFor(undefined, { host, 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(statusFor(undefined, { host, origin: 'http://localhost:9901', 'sec-fetch-site': 'same-origin' }), 200);
});

test('a browser page from elsewhere is refused with the token too', () => {
  const ask = (headers: object) =>
    statusFor(TOKEN, { host: 'gateway.internal', authorization: `Bearer ${TOKEN}`, ...headers });
  assert.equal(ask({ origin: 'https://evil.example' }), 403);
  assert.equal(ask({ origin: 'null' }), 403);
  assert.equal(ask({ 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(ask({ origin: 'https://gateway.internal', 'sec-fetch-site': 'same-origin' }), 200);
});

test('a link in a page from elsewhere leads to the dashboard and to the pages of errors, and to nothing that is told', () => {
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const host = 'localhost:9901';
  const follow = (url: string, more: object = {}) =>
    statusFor(TOKEN, { host, accept: 'text/html', ...link, ...more }, url);
  assert.equal(follow('/'), 200);
  assert.equal(follow('/errors/not_found'), 200);
  assert.equal(follow('/state', { authorization: `Bearer ${TOKEN}` }), 403);
  assert.equal(follow('/', { 'sec-fetch-dest': 'iframe' }), 403);
  assert.equal(follow('/', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }), 403);
  assert.equal(follow('/', { origin: 'https://evil.example' }), 403);
  assert.equal(statusFor(undefined, { host, ...link }, '/overview'), 403);
});

test('with a token any Host will do, and without the right one nothing else is said', () => {
  const ask = (authorization: string) => statusFor(TOKEN, { host: 'gateway.internal', authorization });
  assert.equal(ask(`Bearer ${TOKEN}`), 200);
  assert.equal(ask(`bearer ${TOKEN}`), 200);
  for (const wrong of ['', TOKEN, `Bearer ${TOKEN}x`, 'Bearer ', `Basic ${TOKEN}`])
    assert.equal(ask(wrong), 401, wrong);
  assert.equal(statusFor(TOKEN, { host: 'localhost' }), 401);
});
