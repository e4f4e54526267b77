import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../../tests/support/service.ts';
import { until } from '../../../tests/support/until.ts';
import { openSocket } from '../../../tests/support/websocket.ts';
import { startRecipe } from '../recipe.mjs';

const HERE = new URL('..', import.meta.url).pathname;
const NEXT = join(HERE, 'node_modules/next/dist/bin/next');
const env = { PATH: process.env.PATH, HOME: process.env.HOME, NEXT_TELEMETRY_DISABLED: '1', CI: '1' };

function createProject(t) {
  // Beside the packages: Next looks for them upwards, and follows no link out of its root.
  mkdirSync(join(HERE, '.scratch'), { recursive: true });
  const root = mkdtempSync(join(HERE, '.scratch/next-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'pages'));
  writeFileSync(join(root, 'package.json'), '{ "private": true }');
  writeFileSync(join(root, 'next.config.js'), "module.exports = { basePath: '/shop' };\n");
  writeFileSync(join(root, 'pages/index.js'), 'export default function Page() { return <h1>first</h1>; }\n');
  return root;
}

function run(root, ...args) {
  return spawn(process.execPath, [NEXT, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function start(t, root, command) {
  const port = await freePort();
  const child = run(root, command, '-p', `${port}`, '-H', '127.0.0.1');
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  t.after(async () => {
    const exited = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGTERM')) await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(said);
      return (await fetch(`${url}/shop`).catch(() => undefined))?.status === 200;
    },
    { timeoutMs: 60_000, everyMs: 200, what: `Next (${said})` },
  );
  return startRecipe(t, 'Next', { 'http://localhost:4001': url });
}

/** The page and each script that it names. */
async function load(url) {
  const html = await (await fetch(url)).text();
  assert.match(html, /<h1>first<\/h1>/);
  const scripts = [...html.matchAll(/src="([^"]+)"/g)].map(([, src]) => new URL(src, url).href);
  assert.ok(scripts.length > 0);
  for (const src of scripts) {
    assert.ok(src.includes('/shop/_next/'), src);
    assert.equal((await fetch(src)).status, 200, src);
  }
}

test('Next in development: the page, its scripts, and a hot reload', { timeout: 90_000 }, async (t) => {
  const root = createProject(t);
  const gateway = await start(t, root, 'dev');
  await load(`${gateway.url}/shop`);
  const socket = await openSocket(t, `${gateway.url}/shop/_next/hmr?id=trial`, { origin: gateway.url });
  const told = [];
  socket.on('message', (message) => told.push(message.toString()));
  await until(() => told.length > 0, { what: 'the first words of the hot reload' });
});

test('Next built: the page and its scripts', { timeout: 120_000 }, async (t) => {
  const root = createProject(t);
  const [code] = await once(run(root, 'build'), 'exit');
  assert.equal(code, 0);
  const gateway = await start(t, root, 'start');
  await load(`${gateway.url}/shop`);
});
