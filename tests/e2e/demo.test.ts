import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freeRun } from '../support/free-run.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** One line that the demo prints to be typed, with what it says will come back. */
interface PrintedStep {
  readonly title: string;
  readonly command: string;
  readonly statuses: string;
  readonly shows: readonly string[];
}

describe('npm run demo', { skip: hasCurl ? false : 'curl is missing: apt-get install curl' }, () => {
  let demo: ChildProcess;
  let printed = '';
  let temporary: string;

  before(async () => {
    temporary = mkdtempSync(path.join(os.tmpdir(), 'turnpike-demo-test-'));
    const [port, adminPort] = await freePorts(2);
    // Three services, nobody behind the fourth port, and a second target ten above the first.
    const stubPort = await freeRun(11);
    demo = spawn(process.execPath, ['scripts/demo.ts', '--targets', '2'], {
      cwd: ROOT,
      env: {
        ...process.env,
        PORT: String(port),
        ADMIN_PORT: String(adminPort),
        STUB_PORT: String(stubPort),
        TMPDIR: temporary,
        // What a person has set for a gateway of their own must not reach the demo.
        JWT_ISSUER: 'https://login.example.com/',
        REDIS_URL: 'redis://127.0.0.1:1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    demo.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    await waitFor(
      () => printed.includes('Ctrl-C stops everything'),
      () => `the demo printed only:\n${printed}`,
    );
  });

  after(async () => {
    if (demo.exitCode === null) {
      demo.kill('SIGKILL');
      await once(demo, 'exit');
    }
    rmSync(temporary, { recursive: true, force: true });
  });

  test('every line that it prints does what it says', async (t) => {
    const steps = parseSteps(printed);
    assert.ok(steps.length >= 10, `only ${steps.length} lines to try`);
    for (const status of [200, 401, 403, 404, 429, 502, 503]) {
      assert.ok(
        steps.some((step) => step.statuses.includes(String(status))),
        `no line shows a ${status}`,
      );
    }
    for (const { title, command, statuses, shows } of steps) {
      await t.test(title, async () => {
        const { stdout } = await run('sh', ['-c', command], { timeout: 20_000 });
        const seen = [...stdout.matchAll(/^(?:HTTP\/1\.1 )?(\d{3})\b/gm)].map(([, status]) => status).join(' ');
        assert.match(seen, asPattern(statuses), stdout);
        const missing = shows.filter((text) => !stdout.toLowerCase().includes(text.toLowerCase()));
        assert.deepEqual(missing, [], stdout);
      });
    }
  });

  test('it ends by Ctrl-C, and leaves neither a gateway nor a credential behind', async () => {
    const port = Number(/runs on http:\/\/localhost:(\d+)/.exec(printed)?.[1]);
    demo.kill('SIGINT');
    const [code] = await once(demo, 'exit');
    assert.equal(code, 0);
    await assert.rejects(connect(port), { code: 'ECONNREFUSED' });
    const left = readdirSync(temporary).filter((name) => name.startsWith('turnpike-'));
    assert.deepEqual(left, []);
  });
});

describe('npm run demo where a port is taken', () => {
  for (const name of ['PORT', 'ADMIN_PORT']) {
    test(`says that ${name} is, starts nothing and prints no line to try`, async (t) => {
      // Whatever holds the port may well answer as a gateway would.
      const other = http.createServer((_req, res) => res.end('ok'));
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      t.after(() => other.close());
      const taken = (other.address() as AddressInfo).port;
      const [port, adminPort] = await freePorts(2);
      const stubPort = await freeRun(3);
      const demo = spawn(process.execPath, ['scripts/demo.ts'], {
        cwd: ROOT,
        env: {
          ...process.env,
          PORT: String(port),
          ADMIN_PORT: String(adminPort),
          STUB_PORT: String(stubPort),
          HOST: '127.0.0.1',
          [name]: String(taken),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      t.after(() => demo.kill('SIGKILL'));
      let text = '';
      for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk) => (text = `${text}${chunk}`));
      const [code] = await once(demo, 'close');
      assert.notEqual(code, 0);
      assert.doesNotMatch(text, /runs on|curl/);
      assert.match(text, new RegExp(`${taken}.*taken[\\s\\S]*set ${name}|set ${name}.*${taken}`, 'i'));
    });
  }
});

function parseSteps(text: string): readonly PrintedStep[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.flatMap((line, at) => {
    const [, statuses = '', shows = ''] = /^# -> ([\d. ]+?)(?:\s+look for: (.*))?$/.exec(line) ?? [];
    if (statuses === '') return [];
    const title = lines[at - 2]?.replace(/^# /, '') ?? '';
    const command = lines[at - 1] ?? '';
    assert.match(command, /\bcurl\b/);
    return [{ title, command, statuses, shows: shows.split(' | ').filter(Boolean) }];
  });
}

/** `502 ... 503` is one or more of the one, then one or more of the other. */
function asPattern(statuses: string): RegExp {
  return new RegExp(`^${statuses.replace(/(\d{3}) \.\.\. (\d{3})/, '$1( $1)* $2( $2)*')}$`);
}

async function connect(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(close));
  return ports;
}

async function listen(port: number): Promise<net.Server> {
  const server = net.createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function close(server: net.Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

async function waitFor(isTrue: () => boolean, complaint: () => string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
