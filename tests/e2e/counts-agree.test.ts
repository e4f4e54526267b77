import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { ask } from '../support/http.ts';
import { parseOpenMetrics } from '../support/open-metrics.ts';
import { startGatewayProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const isInstalled = spawnSync('wrk', ['--version']).error === undefined;
const isRequired = (process.env['TURNPIKE_REQUIRE'] ?? '').split(',').includes('wrk');
const needsWrk = { skip: isInstalled || isRequired ? false : 'wrk is not installed (apt-get install wrk)' } as const;

const THREADS = 3;
/** Each thread has one connection, and stops with its last answer: none is left under way that only one side counts. */
const EACH = 1_500;
const KEY = createApiKey();
const EXPIRED = createApiKey();

/** By route, as the paths lead; `status route` of each answer is counted by wrk itself. */
const LUA = `
local kinds = {
  { "/open/a", {} }, { "/open/b", {} }, { "/fails/a", {} }, { "/limited/a", {} }, { "/nowhere/a", {} },
  { "/keyed/a", { ["X-Api-Key"] = "${KEY}" } }, { "/keyed/a", {} }, { "/keyed/a", { ["X-Api-Key"] = "${EXPIRED}" } },
  { "/gone/a", {} },
}
local sent, got = 0, 0
local threads = {}
counts = ""
local tally = {}
function setup(thread)
  thread:set("id", #threads + 1)
  table.insert(threads, thread)
end
function request()
  sent = sent + 1
  local kind = kinds[(sent * 7 + id) % #kinds + 1]
  current = kind[1]
  return wrk.format("GET", kind[1], kind[2])
end
function response(status)
  local key = status .. " " .. current
  tally[key] = (tally[key] or 0) + 1
  got = got + 1
  if got == ${EACH} then
    counts = ""
    for name, count in pairs(tally) do counts = counts .. name .. " " .. count .. ";" end
    wrk.thread:stop()
  end
end
function done()
  for _, thread in ipairs(threads) do io.write("COUNTS " .. thread:get("counts") .. "\\n") end
end
`;

type Counts = ReadonlyMap<string, number>;

interface Overview {
  readonly routes: readonly { readonly name: string; readonly requests: number }[];
}

function sumUp(pairs: Iterable<readonly [string, number]>): Counts {
  const sums = new Map<string, number>();
  for (const [key, count] of pairs) sums.set(key, (sums.get(key) ?? 0) + count);
  return new Map([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const ROUTES = ['/open', '/fails', '/limited', '/keyed', '/gone'];
const routeOf = (place: string): string => ROUTES.find((route) => place.startsWith(route)) ?? '(none)';

/** `done`: resolves when all has been answered; it would go on to wait for its time. */
async function runWrk(folder: string, url: string, done: () => Promise<unknown>): Promise<Counts> {
  const script = path.join(folder, 'count.lua');
  writeFileSync(script, LUA);
  const child = spawn('wrk', [`-t${THREADS}`, `-c${THREADS}`, '-d60s', '--timeout', '20s', '-s', script, url]);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const closed = new Promise((resolve) => child.on('close', resolve));
  await done();
  child.kill('SIGINT');
  await closed;
  const told = [...said.matchAll(/^COUNTS (.*)$/gm)].map(([, line = '']) => line);
  assert.equal(told.length, THREADS, said);
  return sumUp(
    told
      .flatMap((line) => line.split(';').filter((part) => part !== ''))
      .map((part) => {
        const [status = '', place = '', count] = part.split(' ');
        return [`${status} ${routeOf(place)}`, Number(count)] as const;
      }),
  );
}

async function startLogged(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-counts-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const service = await startService(t, (req, res) => {
    res.writeHead(req.url?.includes('broken') === true ? 500 : 200);
    res.end('ok');
  });
  const keys = [
    { id: 'new', sha256: hashApiKey(KEY) },
    { id: 'old', sha256: hashApiKey(EXPIRED), expiresAt: '2026-01-01T00:00:00Z' },
  ];
  const file = {
    consumers: [{ name: 'big-customer', keys }],
    routes: [
      { prefix: '/open', target: service.url, auth: 'none' },
      { prefix: '/fails', target: service.url, rewritePrefix: '/broken', auth: 'none' },
      { prefix: '/limited', target: service.url, auth: 'none', rateLimits: [{ limit: 100, window: '1h' }] },
      { prefix: '/keyed', target: service.url, auth: 'api-key' },
      { prefix: '/gone', auth: 'none', respond: { status: 410, body: 'gone' } },
    ],
  };
  writeFileSync(path.join(folder, 'routes.json'), JSON.stringify(file));
  const log = path.join(folder, 'access.log');
  const descriptor = openSync(log, 'w');
  const gateway = await startGatewayProcess(t, { cwd: folder, stdio: ['ignore', descriptor as never, 'pipe'] });
  closeSync(descriptor);
  return { gateway, folder, log };
}

test('wrk, /metrics, the access log and the dashboard have counted the same, by route and status', {
  ...needsWrk,
  timeout: 120_000,
}, async (t) => {
  const { gateway, folder, log } = await startLogged(t);
  const total = THREADS * EACH;
  let lines: readonly string[] = [];
  const allLogged = () =>
    until(
      () => {
        lines = readFileSync(log, 'utf8').trim().split('\n');
        return lines.length >= total;
      },
      { timeoutMs: 60_000, what: `${total} lines of the log` },
    );
  const byWrk = await runWrk(folder, gateway.url, allLogged);
  assert.equal(
    [...byWrk.values()].reduce((sum, count) => sum + count, 0),
    total,
  );
  for (const kind of ['200 /open', '500 /fails', '429 /limited', '404 (none)', '401 /keyed', '200 /keyed', '410 /gone'])
    assert.ok((byWrk.get(kind) ?? 0) > 0, `no ${kind}: ${JSON.stringify([...byWrk])}`);

  const logged = lines.map((line) => JSON.parse(line) as { status: number; route?: string; code?: string });
  assert.deepEqual(sumUp(logged.map(({ status, route = '(none)' }) => [`${status} ${route}`, 1])), byWrk);

  const { text } = await ask(`${gateway.adminUrl}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  const families = parseOpenMetrics(text);
  const samplesOf = (name: string) => families.get(name)?.samples ?? [];
  const counted = samplesOf('turnpike_requests').map(
    ({ labels, value }) => [`${labels['status']} ${labels['route']}`, value] as const,
  );
  assert.deepEqual(sumUp(counted), byWrk);
  const codes = samplesOf('turnpike_refusals').map(
    ({ labels, value }) => [`${labels['code']} ${labels['route']}`, value] as const,
  );
  const loggedCodes = logged.flatMap(({ code, route = '(none)' }) =>
    code === undefined ? [] : [[`${code} ${route}`, 1] as const],
  );
  assert.deepEqual(sumUp(codes), sumUp(loggedCodes));
  const durations = samplesOf('turnpike_request_duration_seconds').filter(({ name }) => name.endsWith('_count'));
  assert.equal(
    durations.reduce((sum, { value }) => sum + value, 0),
    total,
  );

  const byRoute = sumUp([...byWrk].map(([key, count]) => [key.slice(4), count]));
  // What the dashboard shows is read every few seconds.
  await until(
    async () => {
      const { routes } = JSON.parse((await ask(`${gateway.adminUrl}/overview`)).text) as Overview;
      const shown = routes.map(({ name, requests }) => [name, requests] as const);
      return isDeepStrictEqual(
        sumUp(shown.filter(([name]) => name !== '(none)')),
        new Map([...byRoute].filter(([name]) => name !== '(none)')),
      );
    },
    { timeoutMs: 30_000, what: 'the dashboard to show the same' },
  );
});
