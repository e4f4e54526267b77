import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { AlertCase, ExpectedAlert } from './alert-cases.ts';

/** One rule of a file for Prometheus. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function readRules(file: string): readonly Rule[] {
  const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/**
 * Writes the cases as promtool wants them, a file for each interval: at each time, every alert of the rules either fires
 * as it is told or does not. Answers the files.
 */
export function writeRuleTests(folder: string, rulesFile: string, cases: readonly AlertCase[]): readonly string[] {
  const alerts = readRules(rulesFile).filter(({ alert }) => alert !== undefined);
  return [...Map.groupBy(cases, ({ interval = '15s' }) => interval)].map(([interval, some]) => {
    const tests = some.map(({ name, series, at }) => ({
      name,
      interval,
      input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
      alert_rule_test: Object.entries(at).flatMap(([time, expected]) =>
        alerts.map((rule) => ({
          eval_time: time,
          alertname: rule.alert,
          exp_alerts: expected.filter((one) => one.name === rule.alert).map((one) => describe(rule, one)),
        })),
      ),
    }));
    const file = path.join(folder, `tests-${interval}.yml`);
    // JSON is YAML too.
    writeFileSync(file, JSON.stringify({ rule_files: [rulesFile], evaluation_interval: interval, tests }));
    return file;
  });
}

function describe({ labels = {}, annotations = {} }: Rule, alert: ExpectedAlert) {
  const told = Object.entries(annotations).map(([name, text]) => [name, fill(text, alert)]);
  return { exp_labels: { ...labels, ...alert.labels }, exp_annotations: Object.fromEntries(told) };
}

/** `{{ range … }}` over a query, with commas between: the values of one label. */
const LIST =
  /\{\{ range \$i, \$one := .+? \}\}\{\{ if \$i \}\}, \{\{ end \}\}\{\{ \$one\.Labels\.(\w+) \}\}\{\{ end \}\}/g;

function fill(text: string, { labels = {}, value = '(no value told)', listed = {} }: ExpectedAlert): string {
  const lists: Readonly<Record<string, string>> = { instance: 'a', route: 'users', ...listed };
  return text
    .replace(LIST, (_all, name: string) => lists[name] ?? '')
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_all, name: string) => labels[name] ?? '')
    .replace(/\{\{ (?:\$value(?: \| \w+)?|printf "%\.0f" \$value) \}\}/g, value);
}

/** The queries that a text makes when an alert fires, with any value for `%q`. */
export function readQueries({ annotations = {} }: Rule): readonly string[] {
  return Object.values(annotations).flatMap((text) =>
    [...text.matchAll(/`([^`]+)`/g)].map(([, query = '']) => query.replaceAll('%q', '"users"')),
  );
}
