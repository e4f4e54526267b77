import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startCached } from '../support/cache.ts';
import { until } from '../support/until.ts';

/** The attack: to have something stored for all that was made of one request's fields, or to keep the others waiting. */

const HOUR = { 'cache-control': 'max-age=3600' };

test('the answer to a range is nobody else’s, whatever its status says', async (t) => {
  const parts = [
    { status: 416, headers: { ...HOUR, 'content-range': 'bytes */4' }, body: '' },
    { headers: { ...HOUR, 'content-range': 'bytes 0-1/4' }, body: 'wh' },
    { headers: { ...HOUR, 'content-type': 'multipart/byteranges; boundary=x' }, body: '--x' },
    { status: 412, headers: HOUR, body: '' },
  ];
  for (const part of parts) {
    const gateway = await startCached(t);
    gateway.script('/r', ({ headers }) => (headers.range === undefined ? { headers: HOUR, body: 'whole' } : part));
    await gateway.get('/r', { range: 'bytes=999-' });
    const after = await gateway.get('/r');
    assert.deepEqual([after.status, after.text], [200, 'whole'], JSON.stringify(part));
  }
});

test('`ttl` stores nothing that Cache-Control forbids, beside a targeted field that says nothing of a lifetime', async (t) => {
  for (const targeted of ['stale-if-error=60', 'must-revalidate', 'foo']) {
    for (const forbidding of ['private', 'no-store']) {
      const gateway = await startCached(t, { cache: { ttl: '1m' } });
      gateway.script('/r', [{ headers: { 'cdn-cache-control': targeted, 'cache-control': forbidding } }]);
      const first = await gateway.get('/r');
      assert.notEqual((await gateway.get('/r')).text, first.text, `${targeted}, ${forbidding}`);
    }
  }
});

test('a Vary that is no list of names lets nobody else have the answer', async (t) => {
  for (const vary of ['X-T; X-A', '"X-T"', 'X-T X-A', 'X-T:']) {
    const gateway = await startCached(t);
    gateway.script('/r', ({ headers }) => ({ headers: { ...HOUR, vary }, body: `for ${headers['x-t']}` }));
    await gateway.get('/r', { 'x-t': 'alice' });
    assert.equal((await gateway.get('/r', { 'x-t': 'bob' })).text, 'for bob', vary);
  }
});

test('a client with an older version is never told that it has the current one', async (t) => {
  const [old, current] = ['Wed, 01 Jan 2020 00:00:00 GMT', 'Thu, 02 Jan 2020 00:00:00 GMT'];
  const gateway = await startCached(t);
  gateway.script('/r', ({ headers }) =>
    headers['if-modified-since'] === current
      ? { status: 304, headers: { 'last-modified': current } }
      : { headers: { 'cache-control': 'max-age=1', 'last-modified': current }, body: 'current' },
  );
  await gateway.get('/r');
  for (const validator of [{ 'if-modified-since': old }, { 'if-none-match': '"old"' }]) {
    gateway.pass(5);
    const answer = await gateway.get('/r', validator);
    assert.deepEqual([answer.status, answer.text], [200, 'current'], JSON.stringify(validator));
  }
});

test('a service that answers 304 for a version that it never gave gets nothing given out as validated', async (t) => {
  const gateway = await startCached(t);
  const lies = { status: 304, headers: { etag: '"b"', 'cache-control': 'no-cache' } };
  gateway.script('/r', ({ headers }) =>
    headers['if-none-match'] === undefined
      ? { headers: { etag: '"a"', 'cache-control': 'no-cache' }, body: 'old' }
      : lies,
  );
  await gateway.get('/r');
  assert.equal((await gateway.get('/r')).status, 502);
  assert.equal((await gateway.get('/r')).text, 'old');
});

test('nobody waits for long for the answer to a client that does not read it', async (t) => {
  const gateway = await startCached(t);
  const seen = gateway.script('/r', [{ headers: HOUR, body: 'x'.repeat(3_900_000) }]);
  const stalled = connect(gateway.port, '127.0.0.1');
  t.after(() => stalled.destroy());
  stalled.pause();
  stalled.write('GET /r HTTP/1.1\r\nHost: gateway.test\r\n\r\n');
  await until(() => seen().length === 1);
  const begunAtMs = performance.now();
  const { body } = await gateway.get('/r', { host: 'gateway.test' }, { timeoutMs: 30_000 });
  assert.equal(body.length, 3_900_000);
  assert.ok(performance.now() - begunAtMs < 9_000);
});
