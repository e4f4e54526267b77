import assert from 'node:assert/strict';
import { get } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { traceIdOf } from '../../src/lib/trace-context.ts';
import { startCollector, theSpan, tracingEnv } from '../support/collector.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { echo, type StubHandler, type StubService, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const FROM = `00-${TRACE}-${CALLER}-01`;

/** A gateway before one service, that tells a collector of every request. */
async function traced(
  t: TestContext,
  {
    handler = echo,
    route = {},
    env = {},
    file = {},
  }: Partial<Record<'route' | 'file', object>> & {
    handler?: StubHandler;
    env?: Record<string, string>;
  } = {},
) {
  const collector = await startCollector(t);
  const service = await startService(t, handler);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', retry: false, ...route }], ...file },
    env: { ...tracingEnv(collector), ...env },
  });
  return { collector, service, gateway };
}

const parentAt = (service: StubService, nth = 0): string => String(service.requests[nth]?.headers['traceparent']);

describe('the spans of a request', { concurrency: 4 }, () => {
  it('lead from the client through the gateway and the attempt to the service', async (t) => {
    const { collector, service, gateway } = await traced(t);
    const { status } = await ask(`${gateway.url}/x/y?a=1`, { headers: { traceparent: FROM, 'user-agent': 'me' } });
    assert.equal(status, 200);
    const spans = await collector.waitFor((all) => all.length >= 2);
    assert.equal(spans.length, 2);
    const whole = theSpan(spans, ({ kind }) => kind === 'SERVER');
    const attempt = theSpan(spans, ({ kind }) => kind === 'CLIENT');
    assert.deepEqual([whole.traceId, whole.parentId, whole.name, whole.isError], [TRACE, CALLER, 'GET /x', false]);
    assert.deepEqual([attempt.traceId, attempt.parentId, attempt.name], [TRACE, whole.id, 'GET']);
    assert.equal(parentAt(service), `00-${TRACE}-${attempt.id}-01`);
    assert.ok(attempt.startNanos >= whole.startNanos && attempt.endNanos <= whole.endNanos);
    const { 'turnpike.request_id': requestId, ...attributes } = whole.attributes;
    assert.match(String(requestId), /^[0-9a-f-]{36}$/);
    assert.deepEqual(attributes, {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/x',
      'url.scheme': 'http',
      'url.path': '/x/y',
      'url.query': 'a=1',
      'server.address': '127.0.0.1',
      'server.port': gateway.port,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'user_agent.original': 'me',
      'turnpike.route': '/x',
      'turnpike.service': service.url,
      'turnpike.attempts': 1,
    });
    assert.deepEqual(attempt.attributes, {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.full': `${service.url}/y`,
      'server.address': '127.0.0.1',
      'server.port': service.port,
      'turnpike.service': service.url,
      'turnpike.outcome': 'ok',
    });
    const line = await gateway.line({ status: 200 });
    assert.equal(line['traceId'], TRACE);
  });

  it('are sent where the variables say, with what they say of the gateway', async (t) => {
    const { collector, gateway } = await traced(t, {
      env: {
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20secret-of-the-collector,x-scope=a',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_SERVICE_NAME: 'front',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=other,team=a%2Cb',
      },
    });
    await ask(`${gateway.url}/x`);
    await collector.waitFor((all) => all.length === 2);
    const [sent] = collector.exports;
    assert.equal(sent?.path, '/v1/traces');
    assert.equal(sent?.headers['content-type'], 'application/json');
    assert.equal(sent?.headers['content-encoding'], 'gzip');
    assert.equal(sent?.headers.authorization, 'Bearer secret-of-the-collector');
    assert.equal(sent?.headers['x-scope'], 'a');
    assert.deepEqual(collector.resource, {
      'service.name': 'front',
      'deployment.environment.name': 'test',
      team: 'a,b',
    });
    await until(async () => /turnpike_trace_spans_total\{result="exported"\} 2/.test(await gateway.metrics()));
    assert.ok(!gateway.messages.join().includes('secret-of-the-collector'));
  });

  it('tell of each attempt, of which the service knows its own', async (t) => {
    const collector = await startCollector(t);
    const ill = await startService(t, (_req, res) => void res.writeHead(503).end());
    const well = await startService(t);
    const gateway = await startGateway(t, {
      file: {
        services: { it: { targets: [ill.url, well.url], balance: 'round-robin' } },
        routes: [{ prefix: '/x', service: 'it', auth: 'none' }],
      },
      env: tracingEnv(collector),
    });
    // Which target is first is the balancer's business.
    while (ill.requests.length === 0) await ask(`${gateway.url}/x`);
    const spans = await collector.waitFor((all) => all.some(({ attributes }) => attributes['turnpike.attempts'] === 2));
    const whole = theSpan(spans, ({ attributes }) => attributes['turnpike.attempts'] === 2);
    const attempts = spans.filter(({ parentId }) => parentId === whole.id);
    assert.equal(attempts.length, 2);
    const [first, second] = attempts.toSorted((a, b) => Number(a.startNanos - b.startNanos));
    assert.equal(first?.attributes['http.response.status_code'], 503);
    assert.equal(first?.attributes['error.type'], '503');
    assert.equal(first?.isError, true);
    assert.equal(first?.attributes['http.request.resend_count'], undefined);
    assert.equal(second?.attributes['http.request.resend_count'], 1);
    assert.equal(second?.isError, false);
    assert.ok((first?.endNanos ?? 0n) <= (second?.startNanos ?? 0n));
    assert.equal(whole.isError, false);
    const told = [parentAt(ill), parentAt(well, well.requests.length - 1)];
    assert.deepEqual(told, [`00-${whole.traceId}-${first?.id}-01`, `00-${whole.traceId}-${second?.id}-01`]);
  });

  it('tell what a stage has waited for, and what it refused', async (t) => {
    const auth = await startService(t, (_req, res) => {
      setTimeout(() => res.writeHead(403).end(), 5);
    });
    const { collector, gateway } = await traced(t, { route: { auth: { 'forward-auth': { url: auth.url } } } });
    const { json } = await ask(`${gateway.url}/x`);
    const spans = await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    const whole = theSpan(spans, ({ kind }) => kind === 'SERVER');
    const stage = theSpan(spans, ({ kind }) => kind === 'INTERNAL');
    assert.deepEqual([stage.name, stage.parentId, stage.isError], ['authenticate', whole.id, false]);
    assert.equal(stage.attributes['turnpike.code'], json.code);
    assert.equal(whole.attributes['turnpike.refused_by'], 'authenticate');
    assert.equal(whole.attributes['http.response.status_code'], 403);
    assert.equal(whole.isError, false);
    assert.equal(json.traceId, whole.traceId);
    assert.ok(stage.endNanos - stage.startNanos >= 4_000_000n);
  });

  it('tell of a whole body that was waited for', async (t) => {
    const { collector, gateway } = await traced(t, {
      route: { validate: { body: { type: 'object' } } },
    });
    const body = JSON.stringify({ text: 'x'.repeat(200_000) });
    await ask(`${gateway.url}/x`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const spans = await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    assert.equal(theSpan(spans, ({ kind }) => kind === 'INTERNAL').name, 'validate');
  });

  it('tell what the cache found', async (t) => {
    const { collector, gateway } = await traced(t, {
      handler: (_req, res) => void res.writeHead(200, { 'cache-control': 'max-age=60' }).end('x'),
      route: { cache: true },
    });
    await ask(`${gateway.url}/x`);
    await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    await ask(`${gateway.url}/x`);
    const spans = await collector.waitFor((all) => all.filter(({ kind }) => kind === 'SERVER').length === 2);
    const hit = theSpan(spans, ({ kind, attributes }) => kind === 'SERVER' && attributes['turnpike.cache'] === 'hit');
    const looks = spans.filter(({ name }) => name === 'cache');
    assert.equal(looks.length, 2);
    const found = theSpan(looks, ({ parentId }) => parentId === hit.id);
    assert.equal(found.attributes['turnpike.cache'], 'hit');
    assert.equal(spans.filter(({ kind }) => kind === 'CLIENT').length, 1);
  });

  it('tell of an open circuit that nobody was asked', async (t) => {
    const { collector, gateway } = await traced(t, {
      handler: (_req, res) => void res.writeHead(500).end(),
      route: { circuitBreaker: { minimumRequests: 2, errorThresholdPercent: 50 } },
    });
    const isOpen = async () => (await ask(`${gateway.url}/x`)).json?.code === 'circuit_open';
    await until(() => isOpen().catch(() => false));
    const spans = await collector.waitFor((all) =>
      all.some(({ attributes }) => attributes['turnpike.code'] === 'circuit_open'),
    );
    const refused = theSpan(spans, ({ attributes }) => attributes['turnpike.code'] === 'circuit_open');
    assert.equal(refused.attributes['error.type'], 'circuit_open');
    assert.equal(refused.isError, true);
    assert.ok(!spans.some(({ parentId }) => parentId === refused.id));
  });

  it('end when the answer ends, and tell of one that broke off', async (t) => {
    const lying = await startLyingService(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345');
      setTimeout(() => socket.destroy(), 30);
    });
    const { collector, gateway } = await traced(t, { route: { target: lying.url } });
    await assert.rejects(ask(`${gateway.url}/x`));
    const spans = await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    const whole = theSpan(spans, ({ kind }) => kind === 'SERVER');
    const attempt = theSpan(spans, ({ kind }) => kind === 'CLIENT');
    assert.deepEqual([attempt.attributes['error.type'], attempt.isError], ['reset', true]);
    assert.deepEqual([whole.attributes['error.type'], whole.isError], ['upstream_reset', true]);
    assert.equal(whole.attributes['http.response.status_code'], 200);
    assert.ok(attempt.endNanos - attempt.startNanos >= 25_000_000n);
  });

  it('tell of a client that left', async (t) => {
    const { collector, gateway, service } = await traced(t, { handler: () => undefined });
    const gone = ask(`${gateway.url}/x`, { timeoutMs: 200 });
    await assert.rejects(gone);
    const spans = await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    const whole = theSpan(spans, ({ kind }) => kind === 'SERVER');
    const attempt = theSpan(spans, ({ kind }) => kind === 'CLIENT');
    assert.equal(service.requests.length, 1);
    assert.equal(whole.attributes['error.type'], 'client_closed');
    assert.equal(whole.attributes['http.response.status_code'], undefined);
    assert.equal(attempt.attributes['error.type'], 'aborted-by-client');
  });

  it('tell of a client that left in the middle of its answer', async (t) => {
    const { collector, gateway } = await traced(t, {
      handler: (_req, res) => void res.writeHead(200, { 'content-length': '1000' }).write('a beginning'),
    });
    const request = get(`${gateway.url}/x`, (res) => res.once('data', () => request.destroy()));
    request.on('error', () => undefined);
    const spans = await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    const whole = theSpan(spans, ({ kind }) => kind === 'SERVER');
    const attempt = theSpan(spans, ({ kind }) => kind === 'CLIENT');
    assert.deepEqual([whole.attributes['error.type'], whole.isError], ['client_closed', false]);
    assert.deepEqual([attempt.attributes['error.type'], attempt.isError], ['aborted-by-client', true]);
    assert.equal(whole.attributes['http.response.status_code'], 200);
  });

  it('have those of the parts of an aggregate within them', async (t) => {
    const { collector, gateway, service } = await traced(t, {
      file: {},
      handler: (_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'),
      route: { prefix: '/part' },
    });
    await gateway.reload({
      routes: [
        { prefix: '/part', target: service.url, auth: 'none' },
        { prefix: '/all', auth: 'none', aggregate: { one: { route: '/part/1' }, two: { route: '/part/2' } } },
      ],
    });
    const { json } = await ask(`${gateway.url}/all`, { headers: { traceparent: FROM, tracestate: 'a=1' } });
    assert.deepEqual(json, { one: { a: 1 }, two: { a: 1 } });
    const spans = await collector.waitFor((all) => all.some(({ kind }) => kind === 'SERVER'));
    const whole = theSpan(spans, ({ kind }) => kind === 'SERVER');
    for (const name of ['one', 'two']) {
      const part = theSpan(spans, (span) => span.name === `part ${name}`);
      assert.deepEqual([part.kind, part.parentId, part.traceId], ['INTERNAL', whole.id, TRACE]);
      const attempt = theSpan(spans, ({ parentId }) => parentId === part.id);
      assert.equal(attempt.kind, 'CLIENT');
      assert.ok(service.requests.some(({ headers }) => headers['traceparent'] === `00-${TRACE}-${attempt.id}-01`));
    }
    assert.deepEqual([...new Set(service.requests.map(({ headers }) => headers['tracestate']))], ['a=1']);
  });

  it('are named by the route, whatever clients make up', async (t) => {
    const { collector, gateway } = await traced(t);
    await ask(`${gateway.url}/nowhere/1`);
    await ask(`${gateway.url}/x/1`, { method: 'PURGE' });
    const spans = await collector.waitFor((all) => all.filter(({ kind }) => kind === 'SERVER').length === 2);
    const names = spans.filter(({ kind }) => kind === 'SERVER').map(({ name }) => name);
    assert.deepEqual(names.toSorted(), ['GET', 'HTTP /x']);
    const odd = theSpan(spans, ({ name }) => name === 'HTTP /x');
    assert.equal(odd.attributes['http.request.method'], '_OTHER');
    assert.equal(odd.attributes['http.request.method_original'], 'PURGE');
  });

  it('are not sent of an explanation', async (t) => {
    const { collector, gateway } = await traced(t);
    const body = JSON.stringify({ method: 'GET', url: `${gateway.url}/x` });
    const { status } = await ask(`${gateway.adminUrl}/explain`, { method: 'POST', body });
    assert.equal(status, 200);
    await ask(`${gateway.url}/x`);
    const spans = await collector.waitFor((all) => all.length >= 2);
    assert.equal(spans.length, 2);
  });
});

describe('which requests are traced', { concurrency: 4 }, () => {
  const PARENTS = { sampled: FROM, unsampled: FROM.replace(/01$/, '00'), none: undefined };
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ['parentbased_always_on', '', ['sampled', 'none']],
    ['parentbased_traceidratio', '0', ['sampled']],
    ['parentbased_traceidratio', '1', ['sampled', 'none']],
    ['parentbased_always_off', '', ['sampled']],
    ['always_on', '', ['sampled', 'unsampled', 'none']],
    ['traceidratio', '0', []],
    ['traceidratio', '1', ['sampled', 'unsampled', 'none']],
  ];
  for (const [sampler, arg, expected] of rows) {
    it(`says ${sampler} ${arg}`, async (t) => {
      const { collector, gateway, service } = await traced(t, {
        env: { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg },
      });
      for (const [name, traceparent] of Object.entries(PARENTS))
        await ask(`${gateway.url}/x/${name}`, { headers: { ...(traceparent && { traceparent }) } });
      // A last one, that every sampler but those of zero takes, and the end of the gateway, which sends what is left.
      await gateway.close();
      const seen = collector.spans
        .filter(({ kind }) => kind === 'SERVER')
        .map(({ attributes }) => attributes['url.path']);
      assert.deepEqual(seen.toSorted(), expected.map((name) => `/x/${name}`).toSorted());
      for (const { path, headers } of service.requests) {
        const isTraced = expected.includes(path.slice(1));
        assert.match(String(headers['traceparent']), isTraced ? /-01$/ : /-00$/, path);
      }
    });
  }

  it('leaves the decision of a caller as it is where nothing is traced', async (t) => {
    const service = await startService(t);
    const gateway = await startGateway(t, { file: { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] } });
    await ask(`${gateway.url}/x`, { headers: { traceparent: FROM } });
    const { json } = await ask(`${gateway.url}/nowhere`, { headers: { traceparent: FROM } });
    assert.match(parentAt(service), new RegExp(`^00-${TRACE}-(?!${CALLER})[0-9a-f]{16}-01$`));
    assert.equal(json.traceId, TRACE);
    assert.equal(traceIdOf(parentAt(service)), TRACE);
  });
});

export type { TestGateway };
