import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';

/**
 * The attack: a client behind a trusted load balancer sends an X-Forwarded-For of very many entries, so that the one
 * which the balancer appends, the only true one, lies beyond where the gateway stops reading.
 */
const CLIENT = '203.0.113.9';
const FORGED = '10.1.1.1';

const asBalancerSends = (entries: number): string => [...new Array(entries).fill(FORGED), CLIENT].join(', ');

for (const trusted of ['1', '127.0.0.1/32']) {
  test(`no number of entries hides the client's own address (TRUST_PROXY=${trusted})`, async (t) => {
    const gateway = await startGateway(t, {
      env: { TRUST_PROXY: trusted },
      file: {
        routes: [
          { prefix: '/inner', auth: 'none', ipAllow: ['10.0.0.0/8'], respond: { status: 200 } },
          {
            prefix: '/limited',
            auth: 'none',
            rateLimits: [{ limit: 1, window: '1h', by: 'address' }],
            respond: { status: 200 },
          },
        ],
      },
    });
    const statusOf = async (path: string, entries: number): Promise<number> =>
      (await ask(gateway.url + path, { headers: { 'x-forwarded-for': asBalancerSends(entries) } })).status;

    for (const entries of [0, 1, 31, 32, 127, 128, 129, 1000]) {
      assert.equal(await statusOf('/inner', entries), 403, `${entries} forged entries`);
    }
    assert.equal(await statusOf('/limited', 0), 200);
    assert.equal(await statusOf('/limited', 200), 429);
    await gateway.line({ path: '/limited', status: 429, clientAddress: CLIENT });
  });
}
