import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './service.ts';
import { until } from './until.ts';

const CACHE = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
/** Where scripts/install-consul.sh puts it. */
const CACHED = join(CACHE, 'turnpike/consul/usr/bin/consul');
const BINARY = [process.env['CONSUL_BIN'], 'consul', CACHED].find(
  (path) => path !== undefined && path !== '' && spawnSync(path, ['version']).status === 0,
);
const isRequired = (process.env['TURNPIKE_REQUIRE'] ?? '').split(',').includes('consul');

/** Options for `test()`: skips with a hint where no consul is found, unless TURNPIKE_REQUIRE names it. */
export const needsConsul = {
  skip: BINARY !== undefined || isRequired ? false : 'consul is not installed (scripts/install-consul.sh fetches it)',
} as const;

export interface Registration {
  /** Name of the service. */
  readonly name: string;
  readonly id: string;
  readonly port: number;
  readonly address?: string;
  readonly tags?: readonly string[];
  readonly weight?: number;
  /** Gives it a check of this name that `setCheck` sets; it begins as passing. */
  readonly check?: string;
}

/** A real Consul agent in development mode: one server, all in memory, on ports of the test's own. */
export interface ConsulAgent {
  readonly url: string;
  /** Where its DNS answers, `127.0.0.1:PORT`. */
  readonly dnsServer: string;
  register(registration: Registration): Promise<void>;
  deregister(id: string): Promise<void>;
  setCheck(check: string, status: 'pass' | 'warn' | 'fail'): Promise<void>;
  /** SIGKILL. All it knew is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same ports. */
  start(): Promise<void>;
}

export async function startConsulAgent(t: Pick<TestContext, 'after'>): Promise<ConsulAgent> {
  if (BINARY === undefined) throw new Error(`consul is required and not installed: ${needsConsul.skip}`);
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-consul-'));
  const names = ['http', 'dns', 'server', 'serf_lan', 'serf_wan'] as const;
  const found = await Promise.all(names.map(async (name) => [name, await freePort()] as const));
  const ports = Object.fromEntries(found) as Record<(typeof names)[number], number>;
  const url = `http://127.0.0.1:${ports.http}`;
  const config = JSON.stringify({
    ports: { ...ports, grpc: -1, https: -1 },
    dns_config: { service_ttl: { '*': '1s' } },
  });
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const args = ['agent', '-dev', '-bind', '127.0.0.1', '-client', '127.0.0.1', '-node', 'test', '-hcl', config];
    const started = spawn(BINARY as string, args, { cwd: folder, stdio: 'ignore' });
    child = started;
    await until(
      async () => {
        if (started.exitCode !== null) throw new Error(`consul ended with ${started.exitCode}`);
        const leader = await fetch(`${url}/v1/status/leader`).then(
          (answer) => answer.text(),
          () => '',
        );
        const nodes = await fetch(`${url}/v1/catalog/node/test`).then(
          (answer) => answer.text(),
          () => 'null',
        );
        return leader.length > 2 && nodes.trim() !== 'null';
      },
      { timeoutMs: 30_000, everyMs: 50, what: 'a Consul leader' },
    );
  }
  async function kill(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await exited;
  }
  async function put(path: string, body?: object): Promise<void> {
    const answer = await fetch(`${url}/v1/agent/${path}`, {
      method: 'PUT',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`consul: ${path}: ${answer.status} ${await answer.text()}`);
  }

  t.after(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return {
    url,
    dnsServer: `127.0.0.1:${ports.dns}`,
    register: ({ name, id, port, address = '127.0.0.1', tags = [], weight = 1, check }) =>
      put('service/register', {
        Name: name,
        ID: id,
        Port: port,
        Address: address,
        Tags: tags,
        Weights: { Passing: weight, Warning: 1 },
        ...(check !== undefined && { Check: { CheckID: check, Name: check, TTL: '1h', Status: 'passing' } }),
      }),
    deregister: (id) => put(`service/deregister/${id}`),
    setCheck: (check, status) => put(`check/${status}/${check}`),
    kill,
    start,
  };
}
