import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build, createServer, preview } from 'vite';
import { until } from '../../../tests/support/until.ts';
import { openSocket } from '../../../tests/support/websocket.ts';
import { startRecipe } from '../recipe.mjs';

function createProject(t) {
  const root = mkdtempSync(join(tmpdir(), 'turnpike-vite-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>');
  writeFileSync(
    join(root, 'main.js'),
    "import { word } from './word.js';\ndocument.title = word;\nimport.meta.hot?.accept();\n",
  );
  writeFileSync(join(root, 'word.js'), "export const word = 'first';\n");
  return { root, base: '/app/', logLevel: 'error', configFile: false };
}

const addressOf = (server) => `http://localhost:${server.httpServer.address().port}`;

/** All that a page loads: itself, then each script that it names. */
async function load(url) {
  const page = await fetch(url);
  assert.equal(page.status, 200);
  const html = await page.text();
  const scripts = [...html.matchAll(/src="([^"]+)"/g)].map(([, src]) => new URL(src, page.url).href);
  assert.ok(scripts.length > 0);
  const texts = await Promise.all(
    scripts.map(async (src) => {
      const answer = await fetch(src);
      assert.equal(answer.status, 200, src);
      assert.match(answer.headers.get('content-type') ?? '', /javascript/);
      return answer.text();
    }),
  );
  return { scripts, texts };
}

test('Vite in development: the page, its modules, and a hot reload', async (t) => {
  const project = createProject(t);
  const server = await createServer({ ...project, server: { port: 0, host: 'localhost' } });
  t.after(() => server.close());
  await server.listen();
  const gateway = await startRecipe(t, 'Vite', { 'http://localhost:4001': addressOf(server) });
  const { scripts, texts } = await load(`${gateway.url}/app/`);
  assert.ok(scripts.every((src) => src.startsWith(`${gateway.url}/app/`)));
  const client = texts.find((text) => text.includes('wsToken'));
  const [, token] = /wsToken = "([^"]+)"/.exec(client) ?? [];
  // What the client does in a browser, on a page of the gateway's own host.
  const socket = await openSocket(t, `${gateway.url}/app/?token=${token}`, {
    protocols: ['vite-hmr'],
    origin: gateway.url,
  });
  const told = [];
  socket.on('message', (message) => told.push(message.toString()));
  await (await fetch(`${gateway.url}/app/word.js`)).text();
  writeFileSync(join(project.root, 'word.js'), "export const word = 'second';\n");
  await until(() => told.some((text) => /"(?:update|full-reload)"/.test(text)), { what: 'the hot reload' });
  assert.match(await (await fetch(`${gateway.url}/app/word.js?t=1`)).text(), /second/);
});

test('Vite built: the page and its hashed files, with what caches need', async (t) => {
  const project = createProject(t);
  await build(project);
  const server = await preview({ ...project, preview: { port: 0, host: 'localhost' } });
  t.after(() => server.close());
  const gateway = await startRecipe(t, 'Vite', { 'http://localhost:4001': addressOf(server) });
  const { scripts } = await load(`${gateway.url}/app/`);
  assert.match(scripts[0], /\/app\/assets\/index-[\w-]+\.js$/);
  const first = await fetch(scripts[0]);
  const again = await fetch(scripts[0], { headers: { 'if-none-match': first.headers.get('etag') } });
  assert.equal(again.status, 304);
});
