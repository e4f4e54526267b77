import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createMetrics } from '../../src/metrics.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** Labels that every scrape has, and that a histogram adds. */
const SCRAPED = ['instance', 'job', 'le'];

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

test('the alert rules ask for metrics and labels that exist', async () => {
  const expressions = [...read('deploy/prometheus/rules.yml').matchAll(/expr: (.*)/g)].map(([, text]) => String(text));
  assert.ok(expressions.length >= 5);
  await checkExpressions(expressions);
});

test('the dashboard asks for metrics and labels that exist, and shows every metric of the table', async () => {
  const { panels } = JSON.parse(read('deploy/grafana/turnpike.json')) as { panels: readonly Panel[] };
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length > 15);
  await checkExpressions(expressions);
  const unseen = [...(await metricsByName()).keys()].filter((name) => !expressions.some((text) => text.includes(name)));
  // These two have nothing to draw: when the file was loaded, and what a trial would have refused.
  assert.deepEqual(
    unseen.filter((name) => name.startsWith('turnpike_')),
    ['turnpike_shadow_refusals_total', 'turnpike_config_last_reload_success_timestamp_seconds'],
  );
});

async function checkExpressions(expressions: readonly string[]): Promise<void> {
  const metrics = await metricsByName();
  for (const expression of expressions) {
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
