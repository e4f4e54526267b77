import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { createMetrics } from '../../src/metrics.ts';
import { readQueries, readRules } from '../support/alert-rules.ts';
import { readDashboard } from '../support/grafana.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const RULES = ['deploy/prometheus/rules.yml', 'deploy/prometheus/slo.yml'];

/** Labels that every scrape has, and that a histogram adds. */
const SCRAPED = ['instance', 'job', 'le'];

test('the alert rules ask for metrics and labels that exist', async () => {
  const rules = RULES.flatMap((file) => readRules(path.join(ROOT, file)));
  assert.ok(rules.length > 40);
  await checkExpressions(rules.flatMap((rule) => [rule.expr, ...readQueries(rule)]));
});

test('the dashboard asks for metrics and labels that exist, and shows every metric of the table', async () => {
  const expressions = readDashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length > 50);
  await checkExpressions(expressions);
  const unseen = [...(await metricsByName()).keys()].filter((name) => !expressions.some((text) => text.includes(name)));
  assert.deepEqual(
    unseen.filter((name) => name.startsWith('turnpike_')),
    [],
  );
});

test('the dashboard is one that Grafana 10 takes', () => {
  const { panels, schemaVersion, templating } = readDashboard();
  assert.ok(schemaVersion >= 36 && schemaVersion <= 38, 'what Grafana 10.0 knows');
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'each panel has an ID of its own');
  const variables = templating.list.map(({ name }) => name);
  for (const { title, type, targets = [] } of panels) {
    if (type !== 'row') assert.ok(targets.length > 0, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    const named = targets.flatMap(({ expr }) => [...expr.matchAll(/\$([a-z]\w*)/g)].map(([, name = '']) => name));
    for (const name of named) assert.ok(variables.includes(name), `${title} has no variable ${name}`);
  }
  checkPlaces(panels);
  const withExemplars = panels.filter(({ targets = [] }) => targets.some(({ exemplar }) => exemplar === true));
  assert.ok(withExemplars.length >= 5, 'exemplars are shown');
});

/** Nothing lies over another panel, or beyond the page. */
function checkPlaces(panels: ReturnType<typeof readDashboard>['panels']): void {
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    const { x, y, w, h } = gridPos;
    assert.ok(x + w <= 24, `${title} is wider than the page`);
    for (let place = 0; place < w * h; place += 1) {
      const key = `${x + (place % w)} ${y + Math.floor(place / w)}`;
      assert.equal(taken.get(key), undefined, `${title} lies over it`);
      taken.set(key, title);
    }
  }
}

async function checkExpressions(expressions: readonly string[]): Promise<void> {
  const metrics = await metricsByName();
  const recorded = new Set(RULES.flatMap((file) => readRules(path.join(ROOT, file)).map(({ record }) => record)));
  for (const whole of expressions) {
    for (const [name] of whole.matchAll(/\w+:[\w:]+/g)) assert.ok(recorded.has(name), `nothing records ${name}`);
    const expression = whole.replace(/\w+:[\w:]+(?:\{[^}]*\})?/g, '1');
    for (const [, name = '', labels = ''] of expression.matchAll(
      /\b((?:turnpike|nodejs|process)_\w+)(?:\{([^}]*)\})?/g,
    )) {
      const labelNames = metrics.get(name.replace(/_(?:bucket|count|sum)$/, ''));
      assert.ok(labelNames, `there is no metric ${name}`);
      const grouped = [...expression.matchAll(/by \(([^)]+)\)/g)].flatMap(([, list = '']) => list.split(', '));
      const asked = [...labels.matchAll(/(\w+)(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
      for (const label of [...asked, ...grouped]) {
        assert.ok(SCRAPED.includes(label) || labelNames.includes(label), `${name} has no label ${label}`);
      }
    }
  }
}

async function metricsByName(): Promise<Map<string, readonly string[]>> {
  const { registry } = createMetrics({ process: true });
  const metrics = (await registry.getMetricsAsArray()) as { name: string; labelNames?: readonly string[] }[];
  return new Map(metrics.map(({ name, labelNames = [] }) => [name, labelNames]));
}
