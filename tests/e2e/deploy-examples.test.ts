import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { readManifests } from '../support/manifests.ts';
import { needsNginx, startNginx } from '../support/nginx.ts';
import { startGatewayProcess, startProcess } from '../support/process.ts';
import { freePort, startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { nextMessage, openSocket, startSocketService } from '../support/websocket.ts';

const ADMIN_TOKEN = 'a token for the admin port'.replaceAll(' ', '-');

/** Makes one version of a projected volume the one that is seen, by a swap of links as the kubelet does it. */
function project(folder: string, version: string, routes: string, consumers: string): void {
  mkdirSync(path.join(folder, `..${version}`, 'routes.d'), { recursive: true });
  writeFileSync(path.join(folder, `..${version}`, 'routes.json'), routes);
  writeFileSync(path.join(folder, `..${version}`, 'routes.d/consumers.json'), consumers);
  symlinkSync(`..${version}`, path.join(folder, '..data_tmp'));
  renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
}

/** `turnpike key` on a file of consumers, as docs/deploying.md says; answers the key. */
async function createKey(t: TestContext, file: string, consumer: string): Promise<string> {
  const made = startProcess(t, { argv: ['key', 'create', '--consumer', consumer, '--file', file] });
  assert.equal(await made.exited, 0, made.stderr);
  return /tpk_\w+/.exec(made.stdout)?.[0] ?? '';
}

test('the Kubernetes example takes the key that its text makes, and another one when the Secret changes', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-kubernetes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'config');
  mkdirSync(config);
  const secret = path.join(folder, 'consumers.json');
  writeFileSync(secret, '{ "consumers": [] }\n');
  const service = await startService(t);
  const [map] = readManifests('kubernetes/configmap.yaml') as { data: Record<string, string> }[];
  const routes = (map?.data['routes.json'] ?? '').replace('http://turnpike-hello', service.url);
  assert.ok(routes.includes(service.url));
  const key = await createKey(t, secret, 'my-app');
  project(config, '1', routes, readFileSync(secret, 'utf8'));
  for (const name of ['routes.json', 'routes.d']) symlinkSync(`..data/${name}`, path.join(config, name));

  const env = { ROUTES_FILE: path.join(config, 'routes.json'), ADMIN_TOKEN };
  const gateway = await startGatewayProcess(t, { env });
  const call = (apiKey: string) => ask(`${gateway.url}/api/hello`, { headers: { 'x-api-key': apiKey } });
  assert.equal((await ask(`${gateway.url}/api/hello`)).status, 401);
  const answer = await call(key);
  assert.equal(answer.status, 200);
  assert.equal(answer.json.headers['x-consumer-name'], 'my-app');

  const scrape = (headers = {}) => ask(`${gateway.adminUrl}/metrics`, { headers });
  assert.equal((await scrape()).status, 401);
  assert.equal((await scrape({ authorization: `Bearer ${ADMIN_TOKEN}` })).status, 200);

  const other = await createKey(t, secret, 'other-app');
  assert.equal((await call(other)).status, 401);
  project(config, '2', routes, readFileSync(secret, 'utf8'));
  await until(async () => (await call(other)).status === 200, {
    everyMs: 100,
    what: 'the key from the changed Secret',
  });
});

test(
  "Compose's nginx appends the client's address, keeps the port of the host, and passes WebSockets",
  needsNginx,
  async (t) => {
    const [service, sockets, port] = [await startService(t), await startSocketService(t), await freePort()];
    const file = {
      routes: [
        { prefix: '/plain', target: service.url, auth: 'none', bodyLimit: '3mb' },
        { prefix: '/live', target: sockets.url, auth: 'none', websocket: true },
      ],
    };
    const gateway = await startGateway(t, { file, env: { TRUST_PROXY: '1' } });
    const written = readFileSync(path.resolve(import.meta.dirname, '../../deploy/compose/nginx.conf'), 'utf8');
    const url = await startNginx(
      t,
      written.replace('listen 80;', `listen 127.0.0.1:${port};`).replace('gateway:3000', new URL(gateway.url).host),
      port,
    );
    const headers = { host: 'api.example:8443', 'x-forwarded-for': '203.0.113.9' };
    const { json } = await ask(`${url}/plain/x`, { headers });
    assert.equal(json.headers['x-real-ip'], '127.0.0.1', 'what a client claims is not believed');
    assert.equal(json.headers['x-forwarded-host'], 'api.example:8443');
    const upload = await ask(`${url}/plain/x`, { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) });
    assert.equal(upload.json.bodyBytes, 2 * 1024 * 1024, "nginx's own limit would be 1 MiB");

    // The page's own origin has the port, so the host must have it too.
    const socket = await openSocket(t, `${url}/live`, { origin: url });
    socket.send('hello');
    assert.equal((await nextMessage(socket)).bytes.toString(), 'hello');
  },
);
