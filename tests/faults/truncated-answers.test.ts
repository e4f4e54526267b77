import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type Lie, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/** Promises ten bytes, and leaves after four. */
const half: Lie = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
  setImmediate(() => socket.destroy());
};

const isBroken = (url: string): Promise<boolean> =>
  ask(url).then(
    () => false,
    () => true,
  );

test('an answer that breaks off in the middle is a failure for breaker, health, log and metrics', async (t) => {
  const service = await startLyingService(t, half);
  const gateway = await startGateway(t, {
    file: { services: { one: { targets: [service.url] } }, routes: [{ prefix: '/', service: 'one', auth: 'none' }] },
  });
  for (let call = 0; call < 5; call += 1) assert.equal(await isBroken(`${gateway.url}/x`), true);
  await until(async () => (await ask(`${gateway.url}/health`)).json.services.one.circuit === 'open');
  const line = await gateway.line({ path: '/x' });
  assert.deepEqual(
    [line['status'], line['aborted'], line['outcome'], line['source'], line['code']],
    [200, 'upstream', 'reset', 'upstream', 'upstream_reset'],
  );
  assert.match(await gateway.metrics(), /turnpike_upstream_attempts_total\{service="one",outcome="reset"\} [1-9]/);
});

test('a target that breaks its answers off is ejected, and the others get its calls', async (t) => {
  const liar = await startLyingService(t, half);
  const good = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      // The circuit of the whole service is another test's.
      services: { one: { targets: [liar.url, good.url], circuitBreaker: { minimumRequests: 1_000 } } },
      routes: [{ prefix: '/', service: 'one', auth: 'none' }],
    },
  });
  // Least-busy, the default, liked it best: it is always the quickest.
  await until(async () => {
    await isBroken(`${gateway.url}/x`);
    const { json } = await ask(`${gateway.adminUrl}/state`);
    return json.targets.some(
      ({ url, isEjected }: { url: string; isEjected: boolean }) => url === liar.url && isEjected,
    );
  });
  const broken = await Promise.all(Array.from({ length: 30 }, () => isBroken(`${gateway.url}/x`)));
  assert.ok(broken.filter(Boolean).length <= 1, 'none but the trial call');
});
