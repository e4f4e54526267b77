import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

test('a client that sends slowly does not keep the circuit of a healthy service shut', async (t) => {
  let isIll = true;
  const service = await startService(t, (_req, res) => void res.writeHead(isIll ? 500 : 200).end());
  const gateway = await startGateway(t, {
    file: {
      services: { one: { targets: [service.url], circuitBreaker: { openFor: '200ms' } } },
      routes: [{ prefix: '/', service: 'one', auth: 'none' }],
    },
  });
  for (let call = 0; call < 5; call += 1) await ask(`${gateway.url}/x`);
  const circuit = async () => (await ask(`${gateway.url}/health`)).json.services.one.circuit;
  await until(async () => (await circuit()) === 'half-open');
  isIll = false;
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc');
  const drip = setInterval(() => socket.write('x'.repeat(400)), 500);
  t.after(() => clearInterval(drip));
  await until(() => gateway.gateway.inFlight === 1);
  assert.equal((await ask(`${gateway.url}/x`)).status, 503, 'the trial is under way');
  await until(async () => (await ask(`${gateway.url}/x`)).status === 200);
  assert.equal(await circuit(), 'closed');
});
