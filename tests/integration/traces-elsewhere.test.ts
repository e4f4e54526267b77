import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority, NO_OPENSSL } from '../support/certificates.ts';
import { startCollector, theSpan, tracingEnv } from '../support/collector.ts';
import { configFolder } from '../support/config-files.ts';
import { startGateway } from '../support/gateway.ts';
import { embed, startHostApp } from '../support/host-app.ts';
import { ask } from '../support/http.ts';
import { post, startOrders } from '../support/idempotency.ts';
import { stageSource, startOwn } from '../support/own-modules.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { closeOf, nextMessage, openSocket, startSocketService } from '../support/websocket.ts';

async function traced(t: TestContext, route: object, file: object = {}, env: Record<string, string> = {}) {
  const collector = await startCollector(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', auth: 'none', ...route }], ...file },
    env: { ...tracingEnv(collector), ...env },
  });
  return { collector, gateway };
}

describe('spans of what is no plain answer', { concurrency: 4 }, () => {
  it('a WebSocket has one for as long as it is open, and its handshake one within', async (t) => {
    const service = await startSocketService(t);
    const { collector, gateway } = await traced(t, { target: service.url.replace('ws', 'http'), websocket: true });
    const socket = await openSocket(t, `${gateway.url.replace('http', 'ws')}/x`);
    socket.send('hello');
    await nextMessage(socket);
    const [handshake] = await collector.waitFor((all) => all.length === 1);
    assert.equal(handshake?.kind, 'CLIENT');
    assert.equal(handshake?.attributes['http.response.status_code'], 101);
    assert.equal(service.requests[0]?.headers['traceparent'], `00-${handshake?.traceId}-${handshake?.id}-01`);
    const closed = closeOf(socket);
    socket.close();
    await closed;
    const spans = await collector.waitFor((all) => all.length === 2);
    const whole = theSpan(spans, ({ kind }) => kind === 'SERVER');
    assert.equal(whole.id, handshake?.parentId);
    assert.equal(whole.attributes['http.response.status_code'], 101);
    assert.equal(whole.attributes['url.path'], '/x');
    assert.equal(whole.attributes['server.address'], '127.0.0.1');
    assert.equal(whole.attributes['error.type'], undefined);
    assert.ok(handshake !== undefined && whole.endNanos > handshake.endNanos);
  });

  it('a stream has one until its end', async (t) => {
    let end = (): void => undefined;
    const service = await startService(t, (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      end = () => res.end('data: 2\n\n');
    });
    const { collector, gateway } = await traced(t, { target: service.url });
    const answer = ask(`${gateway.url}/x`);
    await until(() => service.requests.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(collector.spans, []);
    end();
    await answer;
    const spans = await collector.waitFor((all) => all.length === 2);
    for (const { endNanos, startNanos } of spans) assert.ok(endNanos - startNanos >= 50_000_000n);
  });

  it('a replay of an idempotent request asks nobody; a repeated one is known by its attempt', async (t) => {
    const orders = await startOrders(t);
    const { collector, gateway } = await traced(t, { prefix: '/', target: orders.url, idempotency: true });
    const key = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';
    await post(`${gateway.url}/orders`, key);
    const { headers } = await post(`${gateway.url}/orders`, key);
    assert.equal(headers['idempotency-replayed'], 'true');
    const spans = await collector.waitFor((all) => all.filter(({ kind }) => kind === 'SERVER').length === 2);
    const attempt = theSpan(spans, ({ kind }) => kind === 'CLIENT');
    assert.equal(orders.requests[0]?.headers['traceparent'], `00-${attempt.traceId}-${attempt.id}-01`);
  });

  it('a failover has an attempt at each service', async (t) => {
    const busy = await startService(t, (_req, res) => void res.writeHead(429).end());
    const other = await startService(t);
    const { collector, gateway } = await traced(
      t,
      { service: 'busy', failover: { to: ['other'], on: [429] } },
      { services: { busy: { targets: [busy.url] }, other: { targets: [other.url] } } },
    );
    assert.equal((await ask(`${gateway.url}/x`)).status, 200);
    const spans = await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    const attempts = spans.filter(({ kind }) => kind === 'CLIENT');
    assert.deepEqual(
      attempts.map(({ attributes }) =>
        ['turnpike.service', 'http.response.status_code', 'turnpike.outcome', 'error.type'].map(
          (name) => attributes[name],
        ),
      ),
      [
        ['busy', 429, 'ok', '429'],
        ['other', 200, 'ok', undefined],
      ],
    );
    const ids = [busy, other].map(({ requests }) => String(requests[0]?.headers['traceparent']).split('-')[2]);
    assert.deepEqual(
      ids,
      attempts.map(({ id }) => id),
    );
  });

  it('the wait for a place at a service is told', async (t) => {
    let end = (): void => undefined;
    const service = await startService(t, (_req, res) => {
      end = () => res.end('x');
    });
    const { collector, gateway } = await traced(t, {
      target: service.url,
      bulkhead: { inFlight: 1, queue: 5, wait: '5s' },
    });
    const answers = [ask(`${gateway.url}/x/1`), ask(`${gateway.url}/x/2`)];
    await until(() => service.requests.length === 1 && gateway.gateway.open.size === 2);
    end();
    await until(() => service.requests.length === 2);
    end();
    await Promise.all(answers);
    const spans = await collector.waitFor((all) => all.filter(({ kind }) => kind === 'SERVER').length === 2);
    const wait = theSpan(spans, ({ kind }) => kind === 'INTERNAL');
    const attempt = theSpan(spans, ({ kind, parentId }) => kind === 'CLIENT' && parentId === wait.parentId);
    assert.equal(wait.name, 'bulkhead');
    assert.ok(wait.endNanos <= attempt.startNanos);
  });

  it('an own stage that waits is told by its name', async (t) => {
    const collector = await startCollector(t);
    const { gateway } = await startOwn(
      t,
      stageSource(`async request() { await new Promise((resolve) => setTimeout(resolve, 20)); }`),
      { more: { env: tracingEnv(collector) } },
    );
    await ask(`${gateway.url}/a/x`);
    const spans = await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    const stage = theSpan(spans, ({ kind }) => kind === 'INTERNAL');
    assert.ok(stage.endNanos - stage.startNanos >= 15_000_000n);
  });

  it('limits that are counted in Redis are told', needsRedis, async (t) => {
    const redis = await startRedisServer();
    t.after(() => redis.stop());
    const service = await startService(t);
    const { collector, gateway } = await traced(
      t,
      { target: service.url, rateLimits: [{ limit: 1, window: '1h' }] },
      {},
      { REDIS_URL: redis.url },
    );
    await until(async () => (await gateway.metrics()).includes('turnpike_limiter_store_up 1'));
    await ask(`${gateway.url}/x`);
    assert.equal((await ask(`${gateway.url}/x`)).status, 429);
    const spans = await collector.waitFor((all) => all.filter(({ kind }) => kind === 'SERVER').length === 2);
    const waits = spans.filter(({ name }) => name === 'rateLimit');
    assert.deepEqual(
      waits.map(({ attributes, isError }) => [attributes['turnpike.code'], isError]),
      [
        [undefined, false],
        ['rate_limited', false],
      ],
    );
    const refused = theSpan(spans, ({ attributes }) => attributes['http.response.status_code'] === 429);
    assert.match(String(refused.attributes['turnpike.limit']), / 0\/1$/);
  });

  it('what is given out while it is asked for anew is told with its answer', async (t) => {
    let count = 0;
    const service = await startService(t, (_req, res) => {
      count += 1;
      res.writeHead(200, { 'cache-control': 'max-age=1, stale-while-revalidate=60' }).end(String(count));
    });
    const collector = await startCollector(t);
    let laterMs = 0;
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/x', auth: 'none', target: service.url, cache: true }] },
      env: tracingEnv(collector),
      clock: { now: () => Date.now() + laterMs },
    });
    await ask(`${gateway.url}/x`);
    laterMs = 5_000;
    await ask(`${gateway.url}/x`);
    const spans = await collector.waitFor((all) => all.length >= 6);
    assert.equal(spans.filter(({ kind }) => kind === 'CLIENT').length, 2);
    const stale = theSpan(
      spans,
      ({ kind, attributes }) => kind === 'SERVER' && attributes['turnpike.cache'] === 'stale',
    );
    assert.equal(theSpan(spans, ({ kind, parentId }) => kind === 'CLIENT' && parentId === stale.id).isError, false);
  });

  it('what stops at the port of the gateway has one too', async (t) => {
    const { collector, gateway } = await traced(t, { respond: { status: 204 } });
    await ask(`${gateway.url}/x`, {
      method: 'OPTIONS',
      headers: { origin: 'http://a', 'access-control-request-method': 'GET' },
    });
    await ask(`${gateway.url}/x`);
    await ask(`${gateway.url}/health`);
    const spans = await collector.waitFor((all) => all.length === 2);
    assert.deepEqual(
      spans.map(({ kind }) => kind),
      ['SERVER', 'SERVER'],
    );
  });

  it('an upload whose client is too slow to send it ends them', async (t) => {
    const service = await startService(t);
    const { collector, gateway } = await traced(t, { target: service.url, bodyLimit: '1kb' });
    const { status } = await ask(`${gateway.url}/x`, { method: 'POST', body: Buffer.alloc(4096) });
    assert.equal(status, 413);
    const [whole] = await collector.waitFor((all) => all.length === 1);
    assert.equal(whole?.attributes['turnpike.code'], 'body_too_large');
    assert.equal(whole?.isError, false);
  });
});

describe('spans of a gateway that is set up otherwise', { concurrency: 2 }, () => {
  it('go to a collector whose certificate an own authority signed, and to no other', {
    skip: NO_OPENSSL,
  }, async (t) => {
    const { ca, sign } = createAuthority();
    const collector = await startCollector(t, sign('collector', 'IP:127.0.0.1'));
    const service = await startService(t);
    const file = { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] };
    const authority = join(configFolder(t, {}), 'ca.pem');
    writeFileSync(authority, ca);
    const knows = await startGateway(t, {
      file,
      env: { ...tracingEnv(collector), OTEL_EXPORTER_OTLP_CERTIFICATE: authority },
    });
    const doubts = await startGateway(t, { file, env: { ...tracingEnv(collector), OTEL_BSP_EXPORT_TIMEOUT: '50' } });
    await ask(`${doubts.url}/x`);
    await until(async () => /spans_total\{result="failed"\} 2/.test(await doubts.metrics()));
    await ask(`${knows.url}/x`);
    assert.equal((await collector.waitFor((all) => all.length > 0)).length, 2);
  });

  it('of an application are sent as its `env` says, the last ones when it is closed', async (t) => {
    const collector = await startCollector(t);
    const service = await startService(t);
    const gateway = await embed(t, {
      routes: { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] },
      env: { ...tracingEnv(collector), OTEL_BSP_SCHEDULE_DELAY: '600000' },
    });
    const { url } = await startHostApp(t, (app) => void app.use('/api', gateway));
    await ask(`${url}/api/x`);
    assert.deepEqual(collector.spans, []);
    await gateway.close();
    const whole = theSpan(collector.spans, ({ kind }) => kind === 'SERVER');
    assert.equal(whole.name, 'GET /x');
    assert.equal(collector.spans.length, 2);
  });
});
