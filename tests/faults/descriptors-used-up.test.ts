import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ask } from '../support/http.ts';
import { startGatewayProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

/** Sets how many descriptors a running process may have (Linux). */
function limitDescriptors(pid: number, count: number): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--nofile=${count}:4096`]);
  assert.equal(status, 0, String(stderr));
}

/** The limit that leaves a process room for so many descriptors more: the lowest free numbers are taken first. */
function limitWithRoomFor(pid: number, more: number): number {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let limit = 0;
  for (let free = 0; free < more; limit += 1) if (!used.has(limit)) free += 1;
  return limit;
}

const HOLD = 'GET /api/hold HTTP/1.1\r\nHost: a\r\n\r\n';
const hasPrlimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;

test('a gateway without descriptors blames itself, not the service', { skip: !hasPrlimit }, async (t: TestContext) => {
  const held: ServerResponse[] = [];
  const service = await startService(t, (req, res) => {
    if (req.url === '/hold') held.push(res);
    else res.end('ok');
  });
  const cwd = mkdtempSync(join(tmpdir(), 'turnpike-descriptors-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const file = {
    services: {
      one: {
        targets: [service.url, `http://localhost:${service.port}`],
        healthCheck: { path: '/well', interval: '100ms', unhealthyAfter: 1 },
        passiveHealth: { failures: 1 },
      },
    },
    routes: [{ prefix: '/api', service: 'one', auth: 'none' }],
  };
  writeFileSync(join(cwd, 'routes.json'), JSON.stringify(file));
  const gateway = await startGatewayProcess(t, { cwd });
  const pid = gateway.child.pid as number;
  const wires = Array.from({ length: 12 }, () => openWire(t, Number(new URL(gateway.url).port)));
  for (const wire of wires) {
    wire.write('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    await wire.gets(/alive/);
  }

  limitDescriptors(pid, limitWithRoomFor(pid, 2));
  for (const wire of wires) wire.write(HOLD);
  const answered = () => wires.map(({ received }) => received).filter((text) => /\s50\d\s/.test(text));
  await until(() => held.length + answered().length === 12);
  const refused = answered();
  assert.ok(refused.length >= 6, `only ${refused.length} were refused`);
  for (const text of refused) assert.match(text, /"code":"overloaded"/);
  // Checks go on meanwhile, and can't connect either: nothing tells when one has failed to say anything.
  await wait(500);
  const checksBefore = service.requests.length;
  limitDescriptors(pid, 1024);
  for (const res of held) res.end('late');
  await until(() => service.requests.length > checksBefore, { what: 'another check' });

  const { services } = (await ask(`${gateway.url}/health`)).json;
  assert.deepEqual(services.one, { circuit: 'closed', targets: 2, healthyTargets: 2, inFlight: 0 });
  assert.equal((await ask(`${gateway.url}/api/x`)).status, 200);
  await gateway.says(/"source":"gateway"/);
});
