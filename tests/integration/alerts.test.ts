import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { needsPrometheus, promtool, startPrometheus } from '../support/prometheus.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const RULES = path.join(ROOT, 'deploy/prometheus/rules.yml');
const RULE_TESTS = path.join(ROOT, 'tests/project/alerts.yml');
/** Scrapes and looks of the rules in which an alert that is wrong would have shown. */
const SCRAPES = 6;

const needsBoth = { skip: needsPrometheus.skip || needsRedis.skip };

test('every alert fires when it should, and none at rest', needsPrometheus, () => {
  assert.match(promtool('test', 'rules', RULE_TESTS), /SUCCESS/);
  const tried = readFileSync(RULE_TESTS, 'utf8');
  const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  assert.ok(alerts.length >= 8);
  for (const name of alerts) {
    assert.ok(tried.includes(`, alertname: ${name} }`), `no test at rest for ${name}`);
    assert.ok(tried.includes(`alertname: ${name}\n`), `no test in which ${name} fires`);
  }
});

test('Prometheus takes the scrape job for a cluster', needsPrometheus, (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-prometheus-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'prometheus.yml');
  // Debian's Prometheus is built without the discovery of Kubernetes; files stand in for it.
  const written = readFileSync(path.join(ROOT, 'deploy/prometheus/kubernetes.yml'), 'utf8');
  const discovery = /kubernetes_sd_configs:\n {6}- role: pod\n/;
  assert.match(written, discovery);
  writeFileSync(file, written.replace(discovery, 'file_sd_configs: [{ files: [none.json] }]\n'));
  assert.match(promtool('check', 'config', '--syntax-only', file), /SUCCESS/);
});

test(
  'a gateway at rest raises no alert, with Redis or without; one whose Redis is gone raises its own',
  needsBoth,
  async (t) => {
    const [there, gone] = [await startRedisServer(), await startRedisServer()];
    t.after(() => Promise.all([there.stop(), gone.stop()]));
    const service = await startService(t);
    const file = {
      routes: [{ prefix: '/a', target: service.url, auth: 'none', rateLimits: [{ limit: 1000, window: '1m' }] }],
    };
    const gateways = {
      alone: await startGateway(t, { file }),
      shared: await startGateway(t, { file, env: { REDIS_URL: there.url } }),
      bereft: await startGateway(t, { file, env: { REDIS_URL: gone.url } }),
    };
    for (const { url } of Object.values(gateways)) assert.equal((await ask(`${url}/a/x`)).status, 200);
    await gone.kill();
    await until(async () => /limiter_store_up 0/.test(await gateways.bereft.metrics()));

    const targets = Object.entries(gateways).map(([name, { adminUrl }]) => [name, adminUrl]);
    const prometheus = await startPrometheus(t, Object.fromEntries(targets), RULES);
    await until(
      async () => {
        const scraped = await prometheus.query('sum by (job) (sum_over_time(up[5m]))');
        return Object.keys(gateways).every((name) => (scraped.get(name) ?? 0) >= SCRAPES);
      },
      { timeoutMs: 30_000, what: 'enough scrapes' },
    );
    await until(async () => (await prometheus.alerts()).length > 0, {
      what: 'the alert of the gateway without its Redis',
    });
    assert.deepEqual(
      (await prometheus.alerts()).map(({ labels }) => `${labels['job']} ${labels['alertname']}`),
      ['bereft TurnpikeLimitsLocal'],
    );

    // A first refusal shows at once: the alert has no `for`.
    await gateways.alone.reload({ routes: 'none' });
    await until(async () =>
      (await prometheus.alerts()).some(
        ({ labels }) => labels['job'] === 'alone' && labels['alertname'] === 'TurnpikeReloadRefused',
      ),
    );
  },
);
