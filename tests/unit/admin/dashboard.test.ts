import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { isOfDashboard, PAGE, sendAsset } from '../../../src/admin/dashboard.ts';

const request = (more: object): IncomingMessage =>
  ({ method: 'GET', url: '/', headers: { accept: 'text/html' }, ...more }) as unknown as IncomingMessage;

test('below a path of an application the page is at the one with a slash, where its files are found', async () => {
  for (const [originalUrl, place] of [
    ['/ops', './ops/'],
    ['/a/b?x=/y', './b/'],
    ['//evil.example', './evil.example/'],
  ]) {
    const { status, headers } = await sendAsset(PAGE, request({ originalUrl }));
    assert.deepEqual([status, headers], [308, ['location', place]]);
  }
  for (const originalUrl of [undefined, '/', '/ops/', '/ops/?x'])
    assert.equal((await sendAsset(PAGE, request({ originalUrl }))).status, 200);
});

test('nothing but reading the files of the page is let through without a token', () => {
  assert.equal(isOfDashboard(request({})), true);
  assert.equal(isOfDashboard(request({ url: '/?x' })), true);
  assert.equal(isOfDashboard(request({ url: '/dashboard/main.js', headers: {} })), true);
  for (const more of [
    { headers: {} },
    { method: 'POST' },
    { url: '/state' },
    { url: '/dashboard' },
    { url: '//dashboard/x' },
  ])
    assert.equal(isOfDashboard(request(more)), false, JSON.stringify(more));
});
