import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import express from 'express';
import { needsNginx, startNginx } from '../../../tests/support/nginx.ts';
import { freePort } from '../../../tests/support/service.ts';
import { until } from '../../../tests/support/until.ts';
import { listen, startRecipe } from '../recipe.mjs';

const ROOT = new URL('../../../', import.meta.url);
const HEADING = 'Software that builds URLs from X-Forwarded-\\*';
const needsHaproxy = { skip: spawnSync('haproxy', ['-v']).status === 0 ? false : 'haproxy is not installed' };

/** An application of Express that says by which address it is reached. */
async function setUp(t, env) {
  const app = express();
  app.set('trust proxy', 'loopback');
  app.get('/where', (req, res) => {
    const own = `${req.protocol}://${req.get('x-forwarded-host')}${req.get('x-forwarded-prefix') ?? ''}${req.originalUrl}`;
    res.json({ own, ip: req.ip, secure: req.secure });
  });
  const target = await listen(t, app);
  return startRecipe(t, HEADING, { 'http://localhost:4001': target }, { env });
}

async function ask(url) {
  const headers = { 'x-forwarded-for': '198.51.100.7' };
  return (await fetch(url, { headers })).json();
}

test('an application behind the gateway alone knows its address, and believes no claim of a client', async (t) => {
  const gateway = await setUp(t, {});
  assert.deepEqual(await ask(`${gateway.url}/app/where`), {
    own: `${gateway.url}/app/where`,
    ip: '127.0.0.1',
    secure: false,
  });
});

test('nginx in front: the same, by the address of nginx', needsNginx, async (t) => {
  const gateway = await setUp(t, { TRUST_PROXY: '1' });
  const port = await freePort();
  const written = readFileSync(new URL('deploy/compose/nginx.conf', ROOT), 'utf8');
  const settings = written
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replace('gateway:3000', new URL(gateway.url).host);
  const url = await startNginx(t, settings, port);
  assert.equal((await ask(`${url}/app/where`)).own, `${url}/app/where`);
  // What a client claims stands in front of what nginx appended; one proxy is trusted, so the last one counts.
  assert.equal((await gateway.line({ path: '/app/where' })).clientAddress, '127.0.0.1');
});

/** The fragment of the page for HAProxy, with a frontend on a port of its own. */
async function startHaproxy(t, gatewayUrl) {
  const page = readFileSync(new URL('docs/recipes.md', ROOT), 'utf8');
  const [, fragment] = /^```haproxy\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    fragment.replace('bind :80', `bind 127.0.0.1:${port}`).replace('gateway:3000', new URL(gatewayUrl).host),
  );
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  t.after(async () => {
    const exited = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`haproxy ended at once:\n${said}`);
    return (await fetch(url).catch(() => undefined)) !== undefined;
  });
  return url;
}

test('HAProxy in front: the same, by the address of HAProxy', needsHaproxy, async (t) => {
  const gateway = await setUp(t, { TRUST_PROXY: '1' });
  const url = await startHaproxy(t, gateway.url);
  assert.equal((await ask(`${url}/app/where`)).own, `${url}/app/where`);
  assert.equal((await gateway.line({ path: '/app/where' })).clientAddress, '127.0.0.1');
});
