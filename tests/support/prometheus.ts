import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { ask } from './http.ts';
import { freePort } from './service.ts';
import { until } from './until.ts';

const isInstalled = ['prometheus', 'promtool'].every((tool) => spawnSync(tool, ['--version']).status === 0);
const isRequired = (process.env['TURNPIKE_REQUIRE'] ?? '').split(',').includes('prometheus');

/** Options for `test()`: skips with a hint where Prometheus is missing, unless TURNPIKE_REQUIRE names it. */
export const needsPrometheus = {
  skip: isInstalled || isRequired ? false : 'prometheus and promtool are not installed (apt-get install prometheus)',
} as const;

/** Runs promtool; fails with what it wrote. */
export function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`promtool ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** One alert, pending or firing. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

export interface Prometheus {
  /** Alerts whose condition holds, those that still wait out their `for` included. */
  alerts(): Promise<readonly Alert[]>;
  /** The value of each series of an instant query, by the label `job`. */
  query(expression: string): Promise<ReadonlyMap<string, number>>;
  /** How many series an instant query has; throws where it is none that Prometheus takes. */
  count(expression: string): Promise<number>;
  /** The exemplars that were stored of late, by the name of their series. */
  exemplars(expression: string): Promise<ReadonlyMap<string, readonly Exemplar[]>>;
}

export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

/**
 * A Prometheus of the test's own on a free port, with its data in a temporary folder; gone after the test. Each target
 * is a job, scraped and looked at by the rules several times a second.
 */
export async function startPrometheus(
  t: Pick<TestContext, 'after'>,
  targets: Readonly<Record<string, string>>,
  ...rulesFiles: readonly string[]
): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-prometheus-'));
  const settings = path.join(folder, 'prometheus.json');
  const jobs = Object.entries(targets).map(([name, url]) => ({
    job_name: name,
    static_configs: [{ targets: [new URL(url).host] }],
  }));
  const global = { scrape_interval: '300ms', scrape_timeout: '300ms', evaluation_interval: '300ms' };
  // JSON is YAML too.
  writeFileSync(settings, JSON.stringify({ global, rule_files: rulesFiles, scrape_configs: jobs }));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${settings}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  t.after(async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`prometheus ended at once:\n${said}`);
    return (await ask(`${url}/-/ready`).catch(() => undefined))?.status === 200;
  });
  async function read<T>(page: string, expression: string): Promise<T> {
    const { status, json } = await ask(`${url}/api/v1/${page}?query=${encodeURIComponent(expression)}`);
    if (status !== 200) throw new Error(`${expression}: ${json.error}`);
    return json.data.result as T;
  }
  return {
    alerts: async () => (await ask(`${url}/api/v1/alerts`)).json.data.alerts as readonly Alert[],
    async query(expression) {
      const rows = await read<{ metric: { job: string }; value: [number, string] }[]>('query', expression);
      return new Map(rows.map(({ metric, value }) => [metric.job, Number(value[1])]));
    },
    count: async (expression) => (await read<unknown[]>('query', expression)).length,
    async exemplars(expression) {
      const nowSeconds = Date.now() / 1000;
      const range = `&start=${nowSeconds - 3600}&end=${nowSeconds + 60}`;
      const { json } = await ask(`${url}/api/v1/query_exemplars?query=${encodeURIComponent(expression)}${range}`);
      const rows = json.data as { seriesLabels: { __name__: string }; exemplars: Exemplar[] }[];
      return new Map(rows.map(({ seriesLabels, exemplars }) => [seriesLabels.__name__, exemplars]));
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
