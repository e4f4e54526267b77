import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { ask } from './http.ts';
import { until } from './until.ts';

const isInstalled = spawnSync('nginx', ['-v']).status === 0;
const isRequired = (process.env['TURNPIKE_REQUIRE'] ?? '').split(',').includes('nginx');

/** Options for `test()`: skips with a hint where nginx is missing, unless TURNPIKE_REQUIRE names it. */
export const needsNginx = {
  skip: isInstalled || isRequired ? false : 'nginx is not installed (apt-get install nginx)',
} as const;

/** An nginx of the test's own with this configuration, which says where it listens; gone after the test. */
export async function startNginx(t: Pick<TestContext, 'after'>, configuration: string, port: number): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-nginx-'));
  const file = path.join(folder, 'nginx.conf');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const own = `access_log off; ${places.join(' ')}`;
  writeFileSync(file, configuration.replace(/^http \{$/m, `http {\n  ${own}`));
  const settings = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/errors;`;
  const child = spawn('nginx', ['-p', folder, '-e', `${folder}/errors`, '-c', file, '-g', settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended at once:\n${said}`);
    return (await ask(url).catch(() => undefined)) !== undefined;
  });
  return url;
}
