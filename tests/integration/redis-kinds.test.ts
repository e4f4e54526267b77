import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { systemClock } from '../../src/lib/clock.ts';
import { passed, StageBench } from '../support/limits.ts';
import { observeRedis, PATIENT } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { freePort } from '../support/service.ts';
import { until } from '../support/until.ts';

const FILE = {
  rateLimits: [{ limit: 1000, window: '1h', by: 'address' }],
  routes: {
    users: {
      rateLimits: [
        { limit: 40, window: '1h' },
        { limit: 60, window: '1h', by: 'route' },
      ],
    },
  },
};

async function startServer(t: TestContext, ...args: string[]): Promise<RedisServer> {
  const server = await startRedisServer(...args);
  t.after(() => server.stop());
  return server;
}

async function startBench(t: TestContext, url: string) {
  const observed = observeRedis(url, PATIENT);
  const bench = new StageBench({ clock: systemClock, redis: observed.link });
  t.after(async () => {
    bench.close();
    await observed.link.close();
  });
  bench.load(FILE);
  await observed.until(true);
  return { ...observed, bench };
}

async function assertCounts(t: TestContext, url: string): Promise<void> {
  const gateways = await Promise.all([startBench(t, url), startBench(t, url)]);
  const outcomes = await Promise.all(gateways.map(({ bench }) => bench.calls(50, 'users', { consumer: 'shared' })));
  assert.equal(passed(outcomes.flat()), 40);
  const heard: string[] = [];
  gateways[0]?.link.subscribe('turnpike:news', (message) => heard.push(message));
  await until(async () => {
    await gateways[1]?.link.send('PUBLISH', 'turnpike:news', 'hello');
    return heard.length > 0;
  });
  assert.equal(heard[0], 'hello');
  assert.ok(
    gateways.every(({ link }) => link.isUp),
    'Redis was never done without',
  );
}

test('limits and channels work on a single Redis, in a database of its own', needsRedis, async (t) => {
  const server = await startServer(t);
  await assertCounts(t, `${server.url}/3`);
});

test('limits and channels work on a Redis Cluster, all windows of a call in one step', needsRedis, async (t) => {
  const busPort = String(await freePort());
  const announced = ['--cluster-announce-ip', '127.0.0.1', '--cluster-port', busPort];
  const server = await startServer(t, '--cluster-enabled', 'yes', ...announced);
  const slots = Array.from({ length: 16_384 }, (_, slot) => String(slot));
  await server.command('CLUSTER', 'ADDSLOTS', ...slots);
  await until(async () => (await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  await assertCounts(t, `redis+cluster://127.0.0.1:${server.port}`);
});

test(
  'limits and channels work through Sentinels, and go on with the new master after a failover',
  needsRedis,
  async (t) => {
    const master = await startServer(t);
    const replica = await startServer(t, '--replicaof', '127.0.0.1', String(master.port));
    const sentinel = await startSentinel(t, master.port);
    const url = `redis+sentinel://127.0.0.1:${sentinel.port}/main`;
    await assertCounts(t, url);

    await until(async () => (await sentinel.command('SENTINEL', 'REPLICAS', 'main')).includes(String(replica.port)), {
      timeoutMs: 20_000,
    });
    const { bench, until: untilLink } = await startBench(t, url);
    await master.kill();
    await untilLink(false);
    assert.equal(
      passed(await bench.calls(100, 'users', { consumer: 'meanwhile' })) > 0,
      true,
      'counted locally meanwhile',
    );
    await untilLink(true, 30_000);
    await bench.calls(5, 'users', { consumer: 'after' });
    await until(async () => (await replica.command('EVAL', "return #redis.call('KEYS', '*after*')", '0')) !== ':0\r\n');
  },
);

test(
  'limits and channels work over TLS, and a certificate that nobody vouches for is refused',
  needsRedis,
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-tls-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const key = path.join(folder, 'key.pem');
    const cert = path.join(folder, 'cert.pem');
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ]);
    if (made.status !== 0) return t.skip('openssl is not installed');
    const server = await startServer(t);
    for (const [name, value] of [
      ['tls-cert-file', cert],
      ['tls-key-file', key],
      ['tls-auth-clients', 'no'],
    ] as const) {
      await server.command('CONFIG', 'SET', name, value);
    }
    const port = await freePort();
    const reply = await server.command('CONFIG', 'SET', 'tls-port', String(port));
    if (!reply.startsWith('+OK')) return t.skip('this redis-server was built without TLS');
    const stranger = observeRedis(`rediss://127.0.0.1:${port}`);
    t.after(() => stranger.link.close());
    await until(() => stranger.messages.length > 0);
    assert.match(stranger.messages[0] ?? '', /self-signed/);

    // What NODE_EXTRA_CA_CERTS does at the start of a process.
    const known = getCACertificates('default');
    setDefaultCACertificates([...known, readFileSync(cert, 'utf8')]);
    t.after(() => setDefaultCACertificates(known));
    await assertCounts(t, `rediss://127.0.0.1:${port}`);
  },
);

async function startSentinel(t: TestContext, masterPort: number): Promise<RedisServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-sentinel-'));
  const settings = path.join(folder, 'sentinel.conf');
  const lines = [
    `monitor main 127.0.0.1 ${masterPort} 1`,
    'down-after-milliseconds main 500',
    'failover-timeout main 2000',
  ];
  writeFileSync(settings, lines.map((line) => `sentinel ${line}\n`).join(''));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return startServer(t, settings, '--sentinel');
}
