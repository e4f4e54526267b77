import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { ALERT_CASES, SLO_CASES } from '../support/alert-cases.ts';
import { readRules, writeRuleTests } from '../support/alert-rules.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { needsPrometheus, promtool, startPrometheus } from '../support/prometheus.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const RULES = path.join(ROOT, 'deploy/prometheus/rules.yml');
/** Scrapes and looks of the rules in which an alert that is wrong would have shown. */
const SCRAPES = 6;

const needsBoth = { skip: needsPrometheus.skip || needsRedis.skip };

for (const [file, cases] of [
  ['rules.yml', ALERT_CASES],
  ['slo.yml', SLO_CASES],
] as const) {
  test(`every alert of ${file} fires when it should, and none when it should not`, needsPrometheus, (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-alerts-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const rules = path.join(ROOT, 'deploy/prometheus', file);
    assert.match(promtool('test', 'rules', ...writeRuleTests(folder, rules, cases)), /SUCCESS/);
    const fired = new Set(cases.flatMap(({ at }) => Object.values(at).flatMap((all) => all.map(({ name }) => name))));
    const alerts = readRules(rules).flatMap(({ alert }) => alert ?? []);
    assert.deepEqual([...fired].sort(), alerts.sort());
  });
}

test('every alert says whom it hits, where to look next, and has its section in docs/incidents.md', () => {
  const page = readFileSync(path.join(ROOT, 'docs/incidents.md'), 'utf8');
  const sections = new Map(page.split(/^###? /m).map((text) => [text.split('\n')[0] ?? '', text]));
  const headings = [...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  const alerts = ['rules.yml', 'slo.yml'].flatMap((file) =>
    readRules(path.join(ROOT, 'deploy/prometheus', file)).filter(({ alert }) => alert !== undefined),
  );
  for (const { alert = '', labels, annotations = {} } of alerts) {
    assert.ok(['page', 'ticket'].includes(labels?.['severity'] ?? ''), `the severity of ${alert}`);
    const { description = '', summary = '' } = annotations;
    assert.match(description, /^Hits /, alert);
    if (labels?.['severity'] === 'page') assert.doesNotMatch(description, /^Hits nobody/, `${alert} wakes somebody`);
    assert.match(description, /\bdashboard\b/i, alert);
    assert.match(description, /Command line: turnpike (?:status|recent|breaker)\b/, alert);
    assert.doesNotMatch(summary, /\{\{ \$value \}\}/, `a number for people: ${alert}`);
    assert.match(`${description}${summary}`, /(?:\.Labels|\$labels)\.instance\b|of any gateway/, `where: ${alert}`);
    assert.equal(annotations['runbook'], `docs/incidents.md#${alert.toLowerCase()}`);
    assert.ok(headings.includes(alert), `docs/incidents.md has no section ${alert}`);
    assert.match(sections.get(alert) ?? '', /dashboard/i, `the section of ${alert}`);
    assert.match(
      sections.get(alert) ?? '',
      /turnpike (?:status|recent|breaker|check|key)\b/,
      `the section of ${alert}`,
    );
  }
  assert.equal(headings.length, alerts.length);
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
    assert.match(await gateways.bereft.metrics(), /^turnpike_redis_transitions_total\{to="down"\} 1$/m);
    assert.match(await gateways.shared.metrics(), /^turnpike_redis_transitions_total\{to="down"\} 0$/m);
    assert.doesNotMatch(await gateways.alone.metrics(), /^turnpike_redis_transitions_total\{/m);

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
