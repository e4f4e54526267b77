import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/**
 * The attack: X-Request-Timeout-Ms lets a caller shorten its own deadline. With one that no service can meet, a few
 * calls would count as the service's failures, open its circuit and eject its targets, for everybody else.
 */
/** A deadline is held for a second at most where our own loop was late. */
const LONGER_THAN_ANY_HOLD_MS = 1_500;

test("a caller's own short deadline never opens the circuit and ejects no target", async (t) => {
  const service = await startService(t, (_req, res) => void setTimeout(() => res.end('done'), LONGER_THAN_ANY_HOLD_MS));
  const gateway = await startGateway(t, {
    file: {
      services: {
        orders: {
          targets: [service.url, service.url.replace('127.0.0.1', 'localhost')],
          circuitBreaker: { minimumRequests: 2, errorThresholdPercent: 10 },
        },
      },
      routes: [{ prefix: '/api', service: 'orders', auth: 'none' }],
    },
  });
  for (let call = 0; call < 30; call += 1) {
    const { status } = await ask(`${gateway.url}/api/x`, { headers: { 'x-request-timeout-ms': '1' } });
    assert.equal(status, 504);
  }
  assert.equal((await ask(`${gateway.url}/api/x`)).status, 200);
  const { json: state } = await ask(`${gateway.adminUrl}/state`);
  assert.deepEqual(
    state.targets.map(({ isEjected }: { isEjected: boolean }) => isEjected),
    [false, false],
  );
  assert.deepEqual(
    state.breakers.map(({ state: circuit }: { state: string }) => circuit),
    ['closed'],
  );
});

test("the service's own failure to meet the route's deadline still counts, whatever longer one a caller asks for", async (t) => {
  const service = await startService(t, () => undefined);
  const gateway = await startGateway(t, {
    file: {
      services: {
        orders: { targets: [service.url], circuitBreaker: { minimumRequests: 2, errorThresholdPercent: 10 } },
      },
      routes: [{ prefix: '/api', service: 'orders', auth: 'none', timeouts: { headers: '50ms', total: '50ms' } }],
    },
  });
  const statuses: number[] = [];
  for (let call = 0; call < 4; call += 1) {
    statuses.push((await ask(`${gateway.url}/api/x`, { headers: { 'x-request-timeout-ms': '60000' } })).status);
  }
  assert.deepEqual(statuses.slice(0, 2), [504, 504]);
  assert.equal(statuses.at(-1), 503);
});
