import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { startGatewayProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const EDITS = 50;
const CALLERS = 8;

test('fifty reloads under load, every fifth of a broken file, fail no request and leave nothing behind', async (t) => {
  const service = await startService(t);
  const other = await startService(t);
  const cwd = mkdtempSync(join(tmpdir(), 'turnpike-reload-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const write = (text: string): void => {
    writeFileSync(join(cwd, 'new.json.tmp'), text);
    renameSync(join(cwd, 'new.json.tmp'), join(cwd, 'routes.json'));
  };
  const fileOf = (edit: number): string =>
    JSON.stringify({
      services: { users: { targets: [service.url] }, [`s${edit}`]: { targets: [other.url] } },
      routes: [
        { prefix: '/users', service: 'users', auth: 'none', rateLimits: [{ limit: 1_000_000, window: '1h' }] },
        { prefix: `/new-${edit}`, service: `s${edit}`, auth: 'none' },
      ],
    });
  write(fileOf(0));
  const gateway = await startGatewayProcess(t, { cwd });
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  t.after(() => agent.destroy());

  let isOver = false;
  let answered = 0;
  const failures: string[] = [];
  const caller = async (): Promise<void> => {
    while (!isOver) {
      const outcome = await ask(`${gateway.url}/users/1`, { agent }).then(({ status }) => String(status), String);
      if (outcome === '200') answered += 1;
      else failures.push(outcome);
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  const reload = () => ask(`${gateway.adminUrl}/reload`, { method: 'POST' });
  const poolSize = async (): Promise<number> => (await ask(`${gateway.adminUrl}/state`)).json.pooled;
  const pooledBefore = await poolSize();
  for (let edit = 1; edit <= EDITS; edit++) {
    const isBroken = edit % 5 === 0;
    write(isBroken ? '{ "routes": [ { "prefix": 1 } ] }' : fileOf(edit));
    const answer = await reload();
    // The watch may have been faster: then there is nothing left to do.
    if (isBroken) assert.equal(answer.status, 422);
    else assert.ok(['applied', 'unchanged'].includes(answer.json.result), answer.text);
    if (!isBroken) assert.equal((await ask(`${gateway.url}/new-${edit}`)).status, 200);
  }
  write(fileOf(0));
  await reload();
  isOver = true;
  await Promise.all(callers);

  assert.deepEqual(failures, []);
  assert.ok(answered > EDITS, `only ${answered} calls in all`);
  await until(async () => (await poolSize()) === pooledBefore, { what: 'the end of what old snapshots held' });
  const remaining = (await ask(`${gateway.url}/users/1`)).headers['x-ratelimit-remaining'];
  assert.equal(Number(remaining), 1_000_000 - answered - 1, 'the counter went on through all of it');
  const metrics = (await ask(`${gateway.adminUrl}/metrics`)).text;
  assert.match(
    metrics,
    new RegExp(`^turnpike_requests_total\\{route="/users",.*status="200".*\\} ${answered + 1}$`, 'm'),
  );
  assert.doesNotMatch(gateway.stderr, /MaxListeners/);
});

test('SIGTERM in the middle of a reload ends the process as at any other time', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'turnpike-reload-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const file = (count: number): string =>
    JSON.stringify({
      routes: Array.from({ length: count }, (_, i) => ({
        prefix: `/r${i}`,
        target: `http://127.0.0.1:9/${i}`,
        auth: 'none',
      })),
    });
  writeFileSync(join(cwd, 'routes.json'), file(1));
  const gateway = await startGatewayProcess(t, { cwd, env: { DRAIN_DELAY: '0s' } });
  writeFileSync(join(cwd, 'routes.json'), file(10_000));
  const answer = ask(`${gateway.adminUrl}/reload`, { method: 'POST' }).catch(() => undefined);
  // The load of so many takes seconds; after the first of its slices the admin port answers again.
  await ask(`${gateway.adminUrl}/health`);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited, 0);
  assert.match(gateway.stderr, /reload given up: the gateway is stopping/);
  assert.doesNotMatch(gateway.stderr, /fatal|"level":"error"/);
  await answer;
});
