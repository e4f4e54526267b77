import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/errors.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { collect, pipelineWith, stageOf } from '../support/own-stages.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const HOST = ['host', 'gateway.test'];

test('a request in process walks its route to the service, and its answer comes to the caller', async (t) => {
  const service = await startService(t);
  const { gateway } = await startGateway(t, {
    file: { routes: [{ prefix: '/api', target: service.url, auth: 'none' }] },
  });
  const body = Buffer.from('hello');
  const { status, text, context } = await collect(gateway.inProcess, {
    method: 'POST',
    target: '/api/x?y=1',
    headers: [...HOST, 'x-asked', 'yes'],
    body,
  });
  const seen = JSON.parse(text) as { path: string; headers: Record<string, string>; bodyBytes: number };
  assert.deepEqual([status, seen.path, seen.bodyBytes, seen.headers['x-asked']], [200, '/x?y=1', 5, 'yes']);
  assert.equal(context.route?.name, '/api');
  await until(() => gateway.inFlight === 0);
});

test('it passes the guards of its route: no credential, no answer', async (t) => {
  const service = await startService(t);
  const running = await startGateway(t, { file: { routes: [{ prefix: '/api', target: service.url }] } });
  const { error } = await collect(running.gateway.inProcess, { method: 'GET', target: '/api/x', headers: HOST });
  assert.ok(error instanceof GatewayError);
  assert.equal(error.code, 'unauthenticated');
  const line = await running.line({ path: '/api/x' });
  assert.deepEqual([line.status, line['code']], [401, 'unauthenticated']);
  assert.equal(service.requests.length, 0);
});

test('it counts in the limits of its route, and is bounded by them', async (t) => {
  const service = await startService(t);
  const { gateway, url } = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/api',
          target: service.url,
          auth: 'none',
          rateLimits: [{ limit: 2, window: '1m', by: 'route' }],
        },
      ],
    },
  });
  assert.equal((await ask(`${url}/api/x`)).status, 200);
  const second = await collect(gateway.inProcess, { method: 'GET', target: '/api/x', headers: HOST });
  const third = await collect(gateway.inProcess, { method: 'GET', target: '/api/x', headers: HOST });
  assert.equal(second.status, 200);
  assert.equal(third.error instanceof GatewayError && third.error.code, 'rate_limited');
});

test('a part of another request has its client and its request ID', async (t) => {
  const service = await startService(t);
  const part = stageOf('part', (context, next, { inProcess }) => {
    if (context.path !== '/whole') return next();
    void collect(inProcess, { method: 'GET', target: '/part', headers: HOST, parent: context }).then(() => next());
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    stages: pipelineWith('respond', part),
  });
  const { headers } = await ask(`${gateway.url}/whole`);
  const whole = await gateway.line({ path: '/whole' });
  const line = await gateway.line({ path: '/part' });
  assert.equal(line['requestId'], headers['x-request-id']);
  assert.equal(line['requestId'], whole['requestId']);
  assert.equal(line['clientAddress'], '127.0.0.1');
});

test('whoever loses interest ends the call to the service', async (t) => {
  let left = 0;
  const service = await startService(t, (_req, res) => {
    res.on('close', () => {
      left += 1;
    });
  });
  const { gateway } = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
  });
  const sink = { head() {}, write: () => true, end() {}, fail() {} };
  const call = gateway.inProcess({ method: 'GET', target: '/x', headers: HOST, sink });
  await until(() => service.requests.length === 1);
  call.abort();
  await until(() => left === 1 && gateway.inFlight === 0);
});

test('an explanation walks the whole chain, and asks, counts and sends nothing', async (t) => {
  const service = await startService(t);
  const { gateway, accessLines } = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/', target: service.url, auth: 'none', rateLimits: [{ limit: 1, window: '1m', by: 'route' }] },
      ],
    },
  });
  for (let time = 0; time < 3; time += 1) {
    const { context, error } = await collect(gateway.inProcess, {
      method: 'GET',
      target: '/x',
      headers: HOST,
      dryRun: true,
    });
    assert.equal(error, undefined);
    assert.ok(context.trace?.some(({ stage, decision }) => stage === 'forward' && decision.includes(service.url)));
    assert.ok(context.trace?.some(({ stage, decision }) => stage === 'rateLimit' && decision.endsWith('0/1')));
  }
  assert.equal(service.requests.length, 0);
  assert.deepEqual(accessLines, []);
});

test('what ends a request from outside tells its caller, once', async (t) => {
  const service = await startService(t, (_req, res) => void res.writeHead(200).write('half'));
  const { gateway } = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
  });
  for (const end of ['fail', 'connection', 'response'] as const) {
    const heads: number[] = [];
    const told: unknown[] = [];
    const sink = {
      head: (_context: unknown, status: number) => void heads.push(status),
      write: () => true,
      end: () => void told.push('end'),
      fail: (_context: unknown, error: unknown) => void told.push(error),
    };
    const { context } = gateway.inProcess({ method: 'GET', target: '/x', headers: HOST, sink });
    await until(() => heads.length === 1);
    if (end === 'fail') gateway.fail(context, new GatewayError('draining'));
    else if (end === 'connection') context.req.socket.resetAndDestroy();
    else context.res.destroy();
    await until(() => told.length > 0 && gateway.inFlight === 0);
    assert.deepEqual(
      told.map((error) => error instanceof GatewayError),
      [true],
      end,
    );
  }
});

test('whoever gives a request up for a reason reads it in the log, and is told once', async (t) => {
  const service = await startService(t, () => {});
  const running = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
  });
  const told: unknown[] = [];
  const sink = {
    head() {},
    write: () => true,
    end() {},
    fail: (_context: unknown, error: unknown) => void told.push(error),
  };
  const call = running.gateway.inProcess({ method: 'GET', target: '/x', headers: HOST, sink });
  await until(() => service.requests.length === 1);
  const reason = new GatewayError('headers_timeout', 'It took too long.');
  call.abort(reason);
  call.abort(reason);
  const line = await running.line({ path: '/x' });
  assert.deepEqual([line.status, line['code'], line['detail']], [504, 'headers_timeout', 'It took too long.']);
  assert.deepEqual(told, [reason]);
});

test('the gauge of requests in flight counts clients, and neither parts nor explanations', async (t) => {
  const service = await startService(t, () => {});
  const running = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
  });
  const sink = { head() {}, write: () => true, end() {}, fail() {} };
  const whole = running.gateway.inProcess({ method: 'GET', target: '/whole', headers: HOST, sink });
  const part = running.gateway.inProcess({
    method: 'GET',
    target: '/part',
    headers: HOST,
    sink,
    parent: whole.context,
  });
  await until(() => service.requests.length === 2);
  assert.match(await running.metrics(), /^turnpike_requests_in_flight 1$/m);
  part.abort();
  whole.abort();
  await until(() => running.gateway.inFlight === 0);
});

test('header fields come as Node would give them: names of objects are names, and of two the first where one may be', async (t) => {
  const service = await startService(t);
  const { gateway } = await startGateway(t, {
    file: { routes: [{ prefix: '/api', target: service.url, auth: 'none' }] },
  });
  const headers = [...HOST, 'constructor', 'a', '__proto__', 'b', 'user-agent', 'one', 'user-agent', 'two'];
  const { context } = await collect(gateway.inProcess, {
    method: 'GET',
    target: '/api/x',
    headers: [...headers, 'x', '1', 'x', '2'],
  });
  const { constructor: named, x, 'user-agent': agent } = context.req.headers;
  assert.deepEqual([named, x, agent], ['a', '1, 2', 'one']);
});
