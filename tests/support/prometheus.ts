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
}

/**
 * A Prometheus of the test's own on a free port, with its data in a temporary folder; gone after the test. Each target
 * is a job, scraped and looked at by the rules several times a second.
 */
export async function startPrometheus(
  t: Pick<TestContext, 'after'>,
  targets: Readonly<Record<string, string>>,
  rulesFile: string,
): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-prometheus-'));
  const settings = path.join(folder, 'prometheus.json');
  const jobs = Object.entries(targets).map(([name, url]) => ({
    job_name: name,
    static_configs: [{ targets: [new URL(url).host] }],
  }));
  const global = { scrape_interval: '300ms', scrape_timeout: '300ms', evaluation_interval: '300ms' };
  // JSON is YAML too.
  writeFileSync(settings, JSON.stringify({ global, rule_files: [rulesFile], scrape_configs: jobs }));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${settings}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
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
  return {
    alerts: async () => (await ask(`${url}/api/v1/alerts`)).json.data.alerts as readonly Alert[],
    async query(expression) {
      const answer = await ask(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const rows = answer.json.data.result as { metric: { job: string }; value: [number, string] }[];
      return new Map(rows.map(({ metric, value }) => [metric.job, Number(value[1])]));
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
