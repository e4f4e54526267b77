import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { readRules } from '../support/alert-rules.ts';
import { expand, readDashboard } from '../support/grafana.ts';
import { ask } from '../support/http.ts';
import { CONSUMERS, KEY, useModel } from '../support/model.ts';
import { startGatewayProcess } from '../support/process.ts';
import { needsPrometheus, startPrometheus } from '../support/prometheus.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { NOWHERE, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const RULES = ['deploy/prometheus/rules.yml', 'deploy/prometheus/slo.yml'].map((file) => path.join(ROOT, file));
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const OWN_STAGE = `import { defineStage } from 'turnpike';
export default defineStage({ name: 'moody', create: () => ({ request({ path }) { if (path.endsWith('throw')) throw new Error('moody'); } }) });
`;

/** A gateway that has something of everything to count. */
async function startBusy(t: TestContext) {
  const cwd = mkdtempSync(path.join(tmpdir(), 'turnpike-busy-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const service = await startService(t, (req, res) => {
    const status = req.url?.includes('fail') === true ? 500 : 200;
    res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'max-age=60' });
    res.end('{"jsonrpc":"2.0","id":1,"result":{"content":[]},"data":{}}');
  });
  const [model, busy] = [await useModel(t), await useModel(t, { busySeconds: 1 })];
  const collector = await startService(t, (_req, res) =>
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
  );
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const gone = NOWHERE;
  writeFileSync(path.join(cwd, 'moody.mjs'), OWN_STAGE);
  const file = {
    consumers: CONSUMERS,
    plans: { free: {} },
    use: ['./moody.mjs'],
    bans: { failedCredentials: { after: 2, window: '1m', for: '1s' } },
    services: {
      users: { targets: [service.url] },
      gone: { targets: [gone] },
      model: { targets: [model.url] },
      busy: { targets: [busy.url] },
    },
    routes: [
      { prefix: '/users', service: 'users', auth: 'none', rateLimits: [{ limit: 3, window: '1s' }] },
      { prefix: '/own', service: 'users', auth: 'none', moody: true },
      { prefix: '/gone', service: 'gone', auth: 'none' },
      { prefix: '/keyed', service: 'users', auth: 'api-key' },
      { prefix: '/tried', service: 'users', auth: 'api-key', shadow: ['authenticate'] },
      { prefix: '/cached', service: 'users', auth: 'none', cache: { ttl: '30s' } },
      { prefix: '/once', service: 'users', auth: 'none', idempotency: true },
      { prefix: '/graphql', service: 'users', auth: 'none', graphql: {} },
      { prefix: '/mcp', service: 'users', auth: 'none', mcp: { tools: { search: {}, '*': false } } },
      { prefix: '/v1', service: 'model', stripPrefix: false, auth: 'none', models: { names: ['stub-1'] } },
      {
        prefix: '/busy/v1',
        service: 'busy',
        rewritePrefix: '/v1',
        auth: 'none',
        models: {},
        failover: { on: [429], to: ['model'] },
      },
    ],
  };
  writeFileSync(
    path.join(cwd, 'routes.json'),
    JSON.stringify({ ...file, routes: file.routes.map((route) => ({ moody: false, ...route })) }),
  );
  return startGatewayProcess(t, {
    cwd,
    env: {
      REDIS_URL: redis.url,
      TRUST_PROXY: '127.0.0.1',
      LOG_SAMPLE_SUCCESS: '10%',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  });
}

/** Calls everything once. */
async function callAll(url: string, adminUrl: string): Promise<void> {
  const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
  const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const post = (place: string, body: object, more: Record<string, string> = {}) =>
    ask(url + place, { method: 'POST', headers: { ...headers, ...json, ...more }, body: JSON.stringify(body) });
  const guesser = { ...headers, 'x-forwarded-for': '198.51.100.9', 'x-api-key': 'no key at all' };
  const messages = [{ role: 'user', content: 'Anybody?' }];
  await Promise.all([
    ...[
      '/users/1',
      '/users/2',
      '/users/3',
      '/users/fail',
      '/own/1',
      '/own/throw',
      '/gone/1',
      '/gone/2',
      '/none',
      '/cached/1',
      // So many without a key that it is a fifth of the route's calls.
      '/keyed/4',
      '/keyed/5',
    ].map((place) => ask(url + place, { headers })),
    ...['/keyed/1', '/keyed/2', '/keyed/3', '/tried/1'].map((place) => ask(url + place, { headers: guesser })),
    ask(`${url}/keyed/1`, { headers: { ...headers, 'x-api-key': KEY } }),
    post('/once', {}, { 'idempotency-key': 'the-same-each-time' }),
    post('/graphql', { query: '{ user { name } }' }),
    post('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'search', arguments: {} } }),
    post('/v1/chat/completions', { model: 'stub-1', messages, stream: true, stream_options: { include_usage: true } }),
    post('/busy/v1/chat/completions', { messages }),
    ask(`${adminUrl}/reload`, { method: 'POST' }),
  ]);
}

test('every panel of the dashboard, and every rule, has data from a gateway under load, exemplars among it', {
  skip: needsPrometheus.skip || needsRedis.skip,
  timeout: 120_000,
}, async (t) => {
  const { url, adminUrl } = await startBusy(t);
  const prometheus = await startPrometheus(t, { turnpike: adminUrl }, ...RULES);
  const wanted = new Map(
    readDashboard().panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => [expand(expr), title] as const),
    ),
  );
  for (const rule of RULES.flatMap(readRules)) {
    if (rule.record !== undefined) wanted.set(rule.record, rule.record);
    // Of an alert, which is silent, each series that it looks at; what has a code or a reason need not have happened.
    else
      for (const [name] of rule.expr.matchAll(
        /\b(?:turnpike|nodejs|process|route|service|instance)[\w:]+(?=\{|\[| [<>=/]|\))/g,
      ))
        wanted.set(name, rule.alert ?? '');
  }
  assert.ok(wanted.size > 80, `${wanted.size} expressions`);

  await until(
    async () => {
      await callAll(url, adminUrl);
      for (const expression of wanted.keys()) if ((await prometheus.count(expression)) > 0) wanted.delete(expression);
      return wanted.size === 0;
    },
    { timeoutMs: 60_000, what: 'data' },
  ).catch((error: Error) => {
    assert.fail(`${error.message} for ${JSON.stringify([...wanted], null, 2)}`);
  });

  const exemplars = await prometheus.exemplars('{__name__=~"turnpike_.+"}');
  for (const name of [
    'request_duration_seconds_bucket',
    'gateway_duration_seconds_bucket',
    'upstream_duration_seconds_bucket',
    'requests_total',
  ])
    assert.equal(exemplars.get(`turnpike_${name}`)?.[0]?.labels['trace_id'], TRACE, name);
});
