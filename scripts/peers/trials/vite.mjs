import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build, createServer, preview } from 'vite';
import { needsChromium, openPage } from '../../../tests/support/chromium.ts';
import { startGateway } from '../../../tests/support/gateway.ts';
import { until } from '../../../tests/support/until.ts';
import { openSocket } from '../../../tests/support/websocket.ts';
import { listen, startRecipe } from '../recipe.mjs';

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

/** Runs in the page: what stands in it once its API has answered. */
function shown() {
  return document.querySelector('main')?.textContent ?? '';
}

test(
  'Vite built and served by the gateway: the page and its API behind one door, in a browser',
  needsChromium,
  async (t) => {
    const page = await openPage(t);
    const project = createProject(t);
    writeFileSync(
      join(project.root, 'main.js'),
      `import './page.css';
    const main = document.body.appendChild(document.createElement('main'));
    const { say } = await import('./later.js');
    main.textContent = say(location.pathname, await (await fetch('/api/greeting')).text());`,
    );
    writeFileSync(join(project.root, 'later.js'), "export const say = (path, text) => path + ' was told: ' + text;\n");
    writeFileSync(join(project.root, 'page.css'), 'main { font: 2rem sans-serif; color: #053; }\n');
    await build(project);
    const api = await listen(t, (req, res) => res.end(`hello from ${req.url}`));
    const files = { folder: join(project.root, 'dist'), fallback: 'index.html', immutable: '/assets/' };
    const gateway = await startGateway(t, {
      file: {
        routes: [
          { prefix: '/app', files, auth: 'none' },
          { prefix: '/api', target: api, auth: 'none' },
        ],
      },
    });
    const site = `http://www.shop.test:${gateway.port}`;
    for (const path of ['/app/', '/app/some/where']) {
      await page.goto(site + path);
      await until(async () => (await page.run(shown)) === `${path} was told: hello from /greeting`, { what: path });
    }
    const lines = gateway.accessLines.map((line) => JSON.parse(line));
    const assets = lines.filter(({ path }) => path.startsWith('/app/assets/'));
    assert.equal(assets.length, 3, 'the script, its part and its style, each asked for once for both pages');
    assert.ok(lines.every(({ status }) => status === 200 || status === 404));
    const { PICTURE } = process.env;
    if (PICTURE !== undefined) writeFileSync(PICTURE, await page.screenshot());
  },
);
