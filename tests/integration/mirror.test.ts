import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { closedPort, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

test('a GET is copied to the mirror, marked, and its answer thrown away', async (t) => {
  const [real, copy] = [await startService(t), await startService(t, (_req, res) => res.writeHead(500).end('no'))];
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: real.url, auth: 'none', mirror: { target: copy.url } }] },
  });
  const answer = await ask(`${gateway.url}/x/42?a=1`, { headers: { 'x-tag': 'blue' } });
  assert.equal(answer.status, 200);
  const seen = await until(() => copy.requests[0], { what: 'the copy' });
  assert.equal(seen.path, '/42?a=1');
  assert.equal(seen.headers['x-tag'], 'blue');
  assert.equal(seen.headers['x-gateway-mirror'], 'true');
  assert.equal(real.requests[0]?.headers['x-gateway-mirror'], undefined);
});

test('a POST is never copied', async (t) => {
  const [real, copy] = [await startService(t), await startService(t)];
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: real.url, auth: 'none', mirror: { target: copy.url } }] },
  });
  assert.equal((await ask(`${gateway.url}/x`, { method: 'POST', body: 'pay' })).status, 200);
  // A GET sent afterwards arrives at the mirror, the POST before it has not.
  await ask(`${gateway.url}/x/after`);
  const seen = await until(() => copy.requests[0], { what: 'the copy' });
  assert.equal(seen.path, '/after');
});

test('a mirror that is down, or hangs, is not noticed', async (t) => {
  const real = await startService(t);
  const hanging = await startService(t, () => undefined);
  const down = `http://127.0.0.1:${await closedPort()}`;
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/down', target: real.url, auth: 'none', mirror: { target: down } },
        { prefix: '/hangs', target: real.url, auth: 'none', mirror: { target: hanging.url } },
      ],
    },
  });
  for (let i = 0; i < 150; i++) {
    assert.equal((await ask(`${gateway.url}/down`)).status, 200);
    assert.equal((await ask(`${gateway.url}/hangs`)).status, 200);
  }
  assert.ok(hanging.requests.length <= 100, `${hanging.requests.length} copies under way`);
});
