import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../src/context.ts';
import type { PathMap } from '../../../src/lib/public-path.ts';
import { findPublicUrls, type PublicUrls, publicUrlsOption } from '../../../src/transform/public-urls.ts';

const STRIPPED: PathMap = { servicePrefix: '', publicPrefix: '/api/users' };

function urlsFor(
  options: object = {},
  map = STRIPPED,
  target = 'http://10.0.0.7:4001',
  host = 'api.example.com',
): PublicUrls | undefined {
  const context = {
    target,
    scheme: 'https',
    req: { headers: { host } },
    upstreamHeaders: [],
  } as unknown as RequestContext;
  return findPublicUrls(publicUrlsOption.parse(options), () => map, context);
}

const json = (value: unknown, ...about: Parameters<typeof urlsFor>) => urlsFor(...about)?.inJson(value);
const text = (value: string, ...about: Parameters<typeof urlsFor>) =>
  urlsFor(...about)
    ?.inText(Buffer.from(value))
    .toString();

test('strings that begin with the address of the service begin with that of the gateway, however deep', () => {
  const next = 'http://10.0.0.7:4001/v1?page=2#x';
  assert.deepEqual(json({ next, deep: [{ next }], n: 1, none: null, [next]: 'key' }), {
    next: 'https://api.example.com/api/users/v1?page=2#x',
    deep: [{ next: 'https://api.example.com/api/users/v1?page=2#x' }],
    n: 1,
    none: null,
    [next]: 'key',
  });
  assert.equal(json('HTTPS://10.0.0.7:4001'), 'https://api.example.com/api/users');
  assert.equal(json('//10.0.0.7:4001/a'), 'https://api.example.com/api/users/a');
});

test('what only looks like it, or has it somewhere within, stays', () => {
  for (const other of [
    'http://10.0.0.7:40011/',
    'http://10.0.0.7/',
    'http://10.0.0.7:4001.evil.com/',
    'http://10.0.0.7:4001@evil.com/',
    'see http://10.0.0.7:4001/',
    'ftp://10.0.0.7:4001/',
    'http://10a0.0.7:4001/',
  ])
    assert.equal(json(other), other);
});

test('paths are turned round as those of redirects are', () => {
  const kept: PathMap = { servicePrefix: '/api/users', publicPrefix: '/api/users' };
  assert.equal(json('http://10.0.0.7:4001/api/users/1', {}, kept), 'https://api.example.com/api/users/1');
  const based: PathMap = { servicePrefix: '/v2', publicPrefix: '/users' };
  assert.equal(json('http://svc/base/v2/1', {}, based, 'http://svc/base'), 'https://api.example.com/users/1');
  assert.equal(json('http://svc:80/base/v2', {}, based, 'http://svc/base'), 'https://api.example.com/users');
});

test('other addresses of the service count where they are named, and another public one can be', () => {
  const options = { from: ['http://users.internal:8080'], to: 'https://www.example.org' };
  assert.equal(json('http://Users.internal:8080/1', options), 'https://www.example.org/api/users/1');
});

test('in a text they count wherever they stand, and every other byte stays', () => {
  assert.equal(
    text(
      '<a href="http://10.0.0.7:4001/a?b=1&amp;c=2">http://10.0.0.7:4001</a> url(//10.0.0.7:4001/x) http://10.0.0.7:40012/',
    ),
    '<a href="https://api.example.com/api/users/a?b=1&amp;c=2">https://api.example.com/api/users</a> url(https://api.example.com/api/users/x) http://10.0.0.7:40012/',
  );
  const bytes = Buffer.from([0xff, 0x00, 0xe4, ...Buffer.from(' http://10.0.0.7:4001/ë')]);
  const turned = urlsFor()?.inText(bytes);
  assert.deepEqual(turned?.subarray(0, 4), bytes.subarray(0, 4));
  assert.match(turned?.toString() ?? '', /users\/ë$/);
});

test("what a client chooses of the gateway's address breaks out of no attribute", () => {
  const map: PathMap = { servicePrefix: '', publicPrefix: "/t/a'onload='x\"<b>" };
  assert.equal(
    text("<a href='http://10.0.0.7:4001/1'>", {}, map),
    "<a href='https://api.example.com/t/a%27onload=%27x%22%3Cb%3E/1'>",
  );
  assert.equal(urlsFor({}, STRIPPED, 'http://10.0.0.7:4001', 'a"><script>'), undefined);
});
