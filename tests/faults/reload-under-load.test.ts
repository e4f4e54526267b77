import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { ask } from '../support/http.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const EDITS = 50;
const CALLERS = 8;
const REACHABLE_MS = 2_000;

interface Load {
  readonly calls: number;
  readonly failures: readonly string[];
  /** Connections that the callers had to open. */
  readonly sockets: number;
  stop(): Promise<void>;
}

function startLoad(t: TestContext, url: string): Load {
  let sockets = 0;
  class CountingAgent extends Agent {
    override createConnection(...args: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
      sockets += 1;
      return super.createConnection(...args);
    }
  }
  const agent = new CountingAgent({ keepAlive: true, maxSockets: CALLERS });
  const failures: string[] = [];
  let calls = 0;
  let isRunning = true;
  async function caller(): Promise<void> {
    while (isRunning) {
      calls += 1;
      await ask(url, { agent }).then(
        ({ status, text }) => status === 200 || failures.push(`${status} ${text}`),
        (error: Error) => failures.push(error.message),
      );
    }
  }
  const callers = Array.from({ length: CALLERS }, caller);
  const stop = async (): Promise<void> => {
    isRunning = false;
    await Promise.all(callers);
    agent.destroy();
  };
  t.after(stop);
  return {
    get calls() {
      return calls;
    },
    failures,
    get sockets() {
      return sockets;
    },
    stop,
  };
}

async function refusals({ adminUrl }: GatewayProcess): Promise<number> {
  const { text } = await ask(`${adminUrl}/metrics`);
  return Number(/turnpike_reloads_total\{result="refused"\} (\d+)/.exec(text)?.[1] ?? 0);
}

it('fifty edits under load, every fifth broken, fail no request and lose no state', async (t) => {
  const service = await startService(t, (_req, res) => void res.end('ok'));
  const failing = await startService(t, (_req, res) => res.writeHead(500).end());
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-reload-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const ROUTES_FILE = join(folder, 'routes.json');

  /** As an editor saves: beside it, then over it. */
  function save(text: string): void {
    writeFileSync(`${ROUTES_FILE}.tmp`, text);
    renameSync(`${ROUTES_FILE}.tmp`, ROUTES_FILE);
  }
  function routes(edit: number): string {
    return JSON.stringify({
      services: {
        steady: { targets: [service.url] },
        failing: { targets: [failing.url], circuitBreaker: { openFor: '2m' } },
      },
      routes: [
        { prefix: '/steady', service: 'steady', auth: 'none' },
        { prefix: '/failing', service: 'failing', auth: 'none' },
        {
          prefix: '/limited',
          service: 'steady',
          auth: 'none',
          rateLimits: [{ limit: 2, window: '1h', by: 'address' }],
        },
        { prefix: `/new${edit}`, target: service.url, auth: 'none' },
      ],
    });
  }

  save(routes(0));
  const gateway = await startGatewayProcess(t, { env: { ROUTES_FILE } });
  const statusOf = async (path: string): Promise<number> => (await ask(gateway.url + path)).status;
  await until(async () => (await statusOf('/failing')) === 503, { what: 'an open circuit' });
  assert.equal(await statusOf('/limited'), 200);
  assert.equal(await statusOf('/limited'), 200);
  const asked = failing.requests.length;
  const load = startLoad(t, `${gateway.url}/steady`);

  let slowestMs = 0;
  let broken = 0;
  for (let edit = 1; edit <= EDITS; edit++) {
    if (edit % 5 === 0) {
      save(routes(edit).replace('"prefix"', '"prefxi"'));
      broken += 1;
      await until(async () => (await refusals(gateway)) === broken, { what: 'the refusal' });
      assert.equal(await statusOf(`/new${edit - 1}`), 200, 'the configuration before a bad one stays in force');
    } else {
      const began = performance.now();
      save(routes(edit));
      await until(async () => (await statusOf(`/new${edit}`)) === 200, { what: `/new${edit}`, everyMs: 20 });
      slowestMs = Math.max(slowestMs, performance.now() - began);
    }
  }
  await load.stop();
  t.diagnostic(`${load.calls} calls, ${load.failures.length} failed; slowest edit in force after ${slowestMs | 0} ms`);

  assert.deepEqual(load.failures, []);
  assert.ok(slowestMs < REACHABLE_MS, `${slowestMs} ms`);
  assert.equal(load.sockets, CALLERS);
  assert.equal(await statusOf('/failing'), 503);
  assert.equal(failing.requests.length, asked);
  assert.equal(await statusOf('/limited'), 429);
  assert.match(gateway.stderr + gateway.stdout, /prefxi/);
  assert.match(readFileSync(ROUTES_FILE, 'utf8'), /prefxi/);
});
