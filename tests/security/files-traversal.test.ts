import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createFolder } from '../support/folders.ts';
import { startGateway } from '../support/gateway.ts';
import { askRaw, statusOf } from '../support/http.ts';

/**
 * The attack: a path that leaves the folder once somebody decodes, joins or follows it. Beside the folder lies a file
 * that must never be read, and one whose folder has a name that begins alike.
 */
const SECRET = 'nobody may read this';

const CLIMBS = [
  '../secret.txt',
  'a/../../secret.txt',
  '..%2fsecret.txt',
  '%2e%2e/secret.txt',
  '%2e%2e%2fsecret.txt',
  '.%2e/secret.txt',
  '..%252fsecret.txt',
  '%252e%252e/secret.txt',
  '%252e%252e%252fsecret.txt',
  '..%5csecret.txt',
  '..\\secret.txt',
  '..%c0%afsecret.txt',
  '%c0%ae%c0%ae/secret.txt',
  '..;/secret.txt',
  '..%3b/secret.txt',
  '....//secret.txt',
  './/../secret.txt',
  'a%2f..%2f..%2fsecret.txt',
  'index.html%00/../../secret.txt',
  '%00../secret.txt',
  '../public-old/secret.txt',
  '..%2fpublic-old%2fsecret.txt',
  'out/secret.txt',
  'out.txt',
  'deep/out',
  'indexed/',
  'secret.txt%00.html',
  '.env',
  '%2eenv',
  '.git/config',
  'a/.git/config',
  '.well-known/.secret',
  '.well-known/../.env',
  '.well-known%2f..%2f.env',
  '/etc/passwd',
  '%2fetc%2fpasswd',
  '..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
  'file:///etc/passwd',
  'C:%5cWindows%5cwin.ini',
];

function createFolders(t: TestContext): string {
  const top = createFolder(t, {
    'secret.txt': SECRET,
    'public/index.html': 'public',
    'public/a/b.txt': 'public',
    'public/.env': SECRET,
    'public/.git/config': SECRET,
    'public/a/.git/config': SECRET,
    'public/.well-known/.secret': SECRET,
    'public-old/secret.txt': SECRET,
  });
  const folder = join(top, 'public');
  symlinkSync('..', join(folder, 'out'));
  symlinkSync('../secret.txt', join(folder, 'out.txt'));
  mkdirSync(join(folder, 'deep'));
  symlinkSync(join(top, 'secret.txt'), join(folder, 'deep/out'));
  mkdirSync(join(folder, 'indexed'));
  symlinkSync('../../secret.txt', join(folder, 'indexed/index.html'));
  return folder;
}

test('no path leads out of the folder, whatever it is written like', async (t) => {
  const folder = createFolders(t);
  const route = (prefix: string, more: object = {}) => ({ prefix, files: folder, auth: 'none', ...more });
  const routes = [
    route('/'),
    route('/app'),
    route('/raw', { path: 'raw' }),
    route('/p/:name', { rewritePrefix: '/:name' }),
    route('/spa', { files: { folder, fallback: 'index.html' } }),
  ];
  const gateway = await startGateway(t, { file: { routes } });
  const statuses = new Set<number>();
  for (const root of ['/', '/app/', '/app//', '/raw/', '/p/a/', '/p/', '/spa/']) {
    for (const climb of CLIMBS) {
      const raw = await askRaw(gateway.port, `GET ${root}${climb} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      assert.ok(!raw.includes(SECRET) && !raw.includes('root:'), `${root}${climb}: ${raw}`);
      // A path that stays inside once it is normalised may be a page; the fallback may stand for what is none.
      const status = statusOf(raw);
      statuses.add(status);
      assert.ok([200, 301, 400, 404].includes(status), `${root}${climb}: ${status}`);
      if (status === 200) assert.match(raw, /\r\n\r\npublic$/);
    }
  }
  assert.ok(statuses.has(400) && statuses.has(404), [...statuses].join());
});

test('the redirect of a folder to its slash leads to no other host', async (t) => {
  const folder = createFolder(t, { 'evil.example/index.html': 'a page' });
  const routes = ['/', '/app'].map((prefix) => ({ prefix, files: folder, auth: 'none' }));
  const gateway = await startGateway(t, { file: { routes } });
  let redirects = 0;
  for (const path of [
    '//evil.example',
    '///evil.example',
    '/%2fevil.example',
    '/\\evil.example',
    '/%5cevil.example',
    '/.//evil.example',
    '/app//evil.example',
    '/app/..//evil.example',
    '/app?//evil.example',
    '/evil.example?x=%0d%0aset-cookie:a=b',
  ]) {
    const raw = await askRaw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`);
    assert.doesNotMatch(raw, /^set-cookie/im);
    const location = /^location: (.*)\r$/im.exec(raw)?.[1];
    if (location === undefined) continue;
    redirects += 1;
    assert.equal(new URL(location, 'http://shop.example').host, 'shop.example', `${path} led to ${location}`);
  }
  assert.ok(redirects >= 4, `${redirects}`);
});

test('a path that is reflected in a redirect can not become markup', async (t) => {
  const folder = createFolder(t);
  const name = `<script>alert(1)<`;
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'index.html'), '');
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/app', files: folder, auth: 'none' }] } });
  const path = `/app/${encodeURIComponent(name)}?<script>alert(2)</script>`;
  const raw = await askRaw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  assert.equal(statusOf(raw), 301);
  assert.doesNotMatch(raw, /<script>/);
});
