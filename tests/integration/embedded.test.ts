import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import express from 'express';
import { createGateway, GatewayConfigError } from 'turnpike';
import { configFolder } from '../support/config-files.ts';
import { embed, startHostApp } from '../support/host-app.ts';
import { ask } from '../support/http.ts';
import { listenOn, startService } from '../support/service.ts';
import { SIGNING_SECRET, signRequest } from '../support/sign.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

const open = (prefix: string, target: string, more: object = {}) => ({ prefix, target, auth: 'none', ...more });

test('mounted below a path, routes match what is below it, and services hear of the mount', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, {
    routes: { routes: [open('/users', service.url, { stripPrefix: false }), open('/old', service.url)] },
  });
  const { url } = await startHostApp(t, (app) => {
    app.use('/api', gateway);
    app.get('/own', (_req, res) => void res.send('mine'));
  });
  const answer = await ask(`${url}/api/users/5?x=1`);
  assert.equal(answer.status, 200);
  assert.equal(answer.json.path, '/users/5?x=1');
  assert.equal(answer.json.headers['x-forwarded-prefix'], '/api');
  assert.equal((await ask(`${url}/api/old/7`)).json.headers['x-forwarded-prefix'], '/api/old');
  assert.equal((await ask(`${url}/own`)).text, 'mine');
  const missed = await ask(`${url}/api/nothing`);
  assert.deepEqual([missed.status, missed.json.code, missed.json.instance], [404, 'not_found', '/api/nothing']);
});

test('where a service sends its clients is told below the mount', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(302, { location: '/users/6', 'set-cookie': 'a=b; Path=/users' }).end();
  });
  const gateway = await embed(t, {
    routes: {
      routes: [
        open('/users', service.url, { stripPrefix: false, rewriteCookies: true }),
        open('/old', service.url, { rewriteCookies: true }),
        { prefix: '/here', redirect: { to: '/users' }, auth: 'none' },
      ],
    },
  });
  const { url } = await startHostApp(t, (app) => app.use('/api/v1', gateway));
  const { headers } = await ask(`${url}/api/v1/users/5`);
  assert.equal(headers.location, '/api/v1/users/6');
  assert.deepEqual(headers['set-cookie'], ['a=b; Path=/api/v1/users']);
  const old = (await ask(`${url}/api/v1/old/5`)).headers;
  assert.deepEqual([old.location, old['set-cookie']], ['/api/v1/old/users/6', ['a=b; Path=/api/v1/old/users']]);
  assert.equal((await ask(`${url}/api/v1/here/9`)).headers.location, '/api/v1/users/9');
});

test('a signature over the whole URL holds below the mount, and for no other', async (t) => {
  const service = await startService(t);
  const consumers = [{ name: 'partner', signatureKeys: [{ id: 'k1', secret: SIGNING_SECRET }] }];
  const gateway = await embed(t, {
    routes: { consumers, routes: [{ prefix: '/x', target: service.url, auth: 'http-signature' }] },
  });
  const { url } = await startHostApp(t, (app) => app.use('/api', gateway).use('/other', gateway));
  const statusOf = async (path: string, signed: string) =>
    (await ask(url + path, { headers: signRequest({ url: url + signed }) })).status;
  assert.equal(await statusOf('/api/x/1?y=2', '/api/x/1?y=2'), 200);
  assert.equal(await statusOf('/other/x/1', '/api/x/1'), 401);
  assert.equal(await statusOf('/api/x/1', '/x/1'), 401);
});

test('any server of Node takes it, without Express', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] }, fallthrough: true });
  const server = createServer(gateway);
  t.after(() => void server.close());
  const url = `http://127.0.0.1:${await listenOn(server, 0)}`;
  assert.equal((await ask(`${url}/x/y`)).json.path, '/y');
  // There is nobody to hand it on to.
  assert.equal((await ask(`${url}/z`)).status, 404);
});

test('with fallthrough the application has what no route takes, and its own health', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, {
    routes: { routes: [open('/users', service.url, { methods: ['GET'], stripPrefix: false })] },
    fallthrough: true,
  });
  const { url } = await startHostApp(t, (app) => {
    app.use(gateway);
    app.use((req, res) => void res.send(`${req.method} ${req.url} is mine`));
  });
  assert.equal((await ask(`${url}/users/1`)).json.path, '/users/1');
  assert.equal((await ask(`${url}/health`)).text, 'GET /health is mine');
  assert.equal((await ask(`${url}/users/1`, { method: 'DELETE' })).text, 'DELETE /users/1 is mine');
  assert.equal((await ask(`${url}/%zz`)).text, 'GET /%zz is mine');
});

test('a body that a parser of the application has read is told at once, and one that none has read passes', async (t) => {
  const service = await startService(t);
  const lines: string[] = [];
  const logger = { ...silent, access: (line: string) => void lines.push(line) };
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] }, logger });
  const { url } = await startHostApp(t, (app) => {
    app.use('/before', gateway);
    app.use(express.json());
    app.use('/after', gateway);
  });
  const body = JSON.stringify({ some: 'thing' });
  const post = (path: string, type = 'application/json') =>
    ask(url + path, { method: 'POST', body, headers: { 'content-type': type } });
  assert.equal((await post('/before/x')).json.bodyBytes, body.length);
  const refused = await post('/after/x');
  assert.equal(refused.status, 500);
  assert.match(refused.json.detail, /mount the gateway before parsers of bodies/);
  assert.match(await until(() => lines.find((line) => line.includes('"status":500'))), /before parsers of bodies/);
  assert.equal((await post('/after/x', 'text/plain')).json.bodyBytes, body.length);
  assert.equal((await ask(`${url}/after/x`)).status, 200);
});

test('a client that waits for 100 Continue is told so once', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] } });
  const { port } = await startHostApp(t, (app) => app.use(gateway));
  const wire = openWire(t, port);
  wire.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n');
  await wire.gets(/100 Continue/);
  wire.write('hi');
  await wire.closed();
  assert.equal(wire.received.match(/100 Continue/g)?.length, 1);
  assert.match(wire.received, /HTTP\/1\.1 200 OK/);
});

test('two gateways in one process and on one connection share nothing', async (t) => {
  const [one, two] = await Promise.all([startService(t), startService(t)]);
  const limited = (target: string) => ({
    routes: [open('/x', target, { rateLimits: [{ limit: 3, window: '1m', by: 'address' }] })],
  });
  const first = await embed(t, { routes: limited(one.url), settings: { trustProxy: 1 } });
  const second = await embed(t, { routes: limited(two.url) });
  const { url, port } = await startHostApp(t, (app) => app.use('/one', first).use('/two', second));
  const wire = openWire(t, port);
  const get = (mount: string, last = '') =>
    `GET ${mount}/x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n${last}\r\n`;
  wire.write(
    get('/one') + get('/two') + get('/one') + get('/two') + get('/one') + get('/two', 'Connection: close\r\n'),
  );
  await wire.closed();
  assert.equal(wire.received.match(/HTTP\/1\.1 200 OK/g)?.length, 6);
  assert.deepEqual([one.requests.length, two.requests.length], [3, 3]);
  assert.deepEqual(
    [one, two].map(({ requests }) => requests[0]?.headers['x-forwarded-for']),
    ['203.0.113.9, 127.0.0.1', '127.0.0.1'],
  );
  // Each has used up its own limit: the first by the address that it believes, the second by that of the connection.
  assert.equal((await ask(`${url}/two/x`)).status, 429);
  assert.equal((await ask(`${url}/one/x`)).status, 200);
  const count = /turnpike_requests_total\{[^}]*status="200"[^}]*\} (\d+)/;
  assert.equal(count.exec(await first.metrics())?.[1], '4');
  assert.equal(count.exec(await second.metrics())?.[1], '3');
});

test('a gateway in an application takes no signal, and says nothing of requests', async (t) => {
  const events = ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'unhandledRejection', 'exit'];
  const counts = () => events.map((event) => process.listenerCount(event));
  const before = counts();
  const service = await startService(t);
  const gateway = await createGateway({ routes: { routes: [open('/x', service.url)] } });
  t.after(() => gateway.close());
  const { url } = await startHostApp(t, (app) => app.use(gateway));
  assert.equal((await ask(`${url}/x`)).status, 200);
  assert.deepEqual(counts(), before);
});

const silent = { error() {}, warn() {}, info() {}, debug() {} };

test('a logger of the application has the messages with their fields, and what it throws costs nobody an answer', async (t) => {
  const service = await startService(t);
  const told: [string, object][] = [];
  const logger = {
    ...silent,
    info: (message: string, fields: object) => void told.push([message, fields]),
    access: () => {
      throw new Error('full');
    },
  };
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] }, logger });
  const { url } = await startHostApp(t, (app) => app.use(gateway));
  const warning = once(process, 'warning');
  assert.equal((await ask(`${url}/x`)).status, 200);
  assert.match(String((await warning)[0]), /the logger of the gateway failed: Error: full/);
  await gateway.reload({ routes: [open('/y', service.url)] });
  const [, fields] = told.find(([message]) => message === 'configuration reloaded') ?? [];
  assert.equal((fields as { by?: string }).by, 'application');
});

test('all faults of the routes are told at once, by their places', async () => {
  const routes = {
    routes: [
      { prefix: '/a', target: 'ftp://x' },
      { prefix: 'b', taget: 'http://localhost:1' },
    ],
  };
  await assert.rejects(createGateway({ routes, logger: false }), (error) => {
    assert.ok(error instanceof GatewayConfigError);
    assert.ok(error.faults.length >= 3, error.message);
    assert.match(error.message, /^routes \/routes\/0\/target {2}/m);
    assert.match(error.message, /^routes \/routes\/1\/taget .*\n.*target/m);
    return true;
  });
  const when = { routes: [{ prefix: '/a', target: 'http://localhost:1', at: new Date(), run: () => undefined }] };
  await assert.rejects(
    createGateway({ routes: when as never }),
    /routes \/routes\/0\/at .*an object of a class[\s\S]*\/routes\/0\/run .*a function/,
  );
  const circle: { routes: unknown[] } = { routes: [] };
  circle.routes.push(circle);
  await assert.rejects(createGateway({ routes: circle as never }), /leads back to itself/);
  await assert.rejects(createGateway({}), /either "routes" or "routesFile"/);
});

test('options that are none are refused by their names', async () => {
  const routes = { routes: [] };
  await assert.rejects(createGateway(undefined as never), (error) => {
    assert.ok(error instanceof GatewayConfigError);
    assert.match(error.message, /options .*expected an object/);
    return true;
  });
  await assert.rejects(
    createGateway({ routes, fallThrough: true } as never),
    /options fallThrough {2}there is no such option\n {4}Did you mean "fallthrough"\?/,
  );
});

test('routes that are edited after they were handed over are the ones of then', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, { routes: { routes: [] } });
  const { url } = await startHostApp(t, (app) => app.use(gateway));
  const routes = [open('/a', service.url)];
  const reloaded = gateway.reload({ routes });
  routes.length = 0;
  assert.equal((await reloaded).result, 'applied');
  assert.equal((await ask(`${url}/a`)).status, 200);
});

test('a logger that fails late is told of, and is no rejection that nobody handles', async (t) => {
  const service = await startService(t);
  const access = () => Promise.reject(new Error('late'));
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] }, logger: { ...silent, access } });
  const { url } = await startHostApp(t, (app) => app.use(gateway));
  const warning = once(process, 'warning');
  assert.equal((await ask(`${url}/x`)).status, 200);
  assert.match(String((await warning)[0]), /the logger of the gateway failed: Error: late/);
});

test('faults of the settings are told by the names that they were set by', async () => {
  const routes = { routes: [] };
  await assert.rejects(
    createGateway({ routes, settings: { redisUrl: 'nonsense://', adminToken: 'short' } }),
    /settings adminToken {2}has fewer[\s\S]*settings redisUrl {2}is not an address|redisUrl[\s\S]*adminToken/,
  );
  await assert.rejects(
    createGateway({ routes, settings: { redisURL: 'redis://localhost' } as never }),
    /settings redisURL {2}there is no such setting\n {4}Did you mean "redisUrl"\?/,
  );
  await assert.rejects(createGateway({ routes, env: { TRUST_PROXY: 'yes' } }), /environment TRUST_PROXY/);
});

test('the environment is read where it was handed over, and nowhere else', async (t) => {
  const service = await startService(t);
  const routes = { routes: [{ prefix: '/x', target: '${ENV:PATH}', auth: 'none' }] };
  await assert.rejects(
    createGateway({ routes, logger: false }),
    /\$\{ENV:PATH\}: this environment variable is not set/,
  );
  const gateway = await embed(t, { routes, env: { PATH: service.url } });
  const { url } = await startHostApp(t, (app) => app.use(gateway));
  assert.equal((await ask(`${url}/x`)).status, 200);
});

test('other routes come into force without a restart, and wrong ones change nothing', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, { routes: { routes: [open('/a', service.url)] } });
  const { url } = await startHostApp(t, (app) => app.use(gateway));
  const statuses = async () => [(await ask(`${url}/a`)).status, (await ask(`${url}/b`)).status];
  assert.deepEqual(await statuses(), [200, 404]);
  const wrong = gateway.reload({ routes: [{ prefix: '/a' }, { prefix: '/b', nonsense: 1 }] });
  const right = gateway.reload({ routes: [open('/b', service.url)] });
  await assert.rejects(wrong, (error) => error instanceof GatewayConfigError && error.faults.length >= 2);
  assert.equal((await right).result, 'applied');
  assert.deepEqual(await statuses(), [404, 200]);
  await assert.rejects(gateway.reload({ routes: 5 } as never), GatewayConfigError);
  assert.equal((await gateway.reload()).result, 'unchanged');
  assert.deepEqual(await statuses(), [404, 200]);
});

test('routes that the guard in force refuses can be forced', async (t) => {
  const service = await startService(t);
  const routes = { guard: { maxNewRefusals: '0%' }, routes: [open('/a', service.url)] };
  const gateway = await embed(t, { routes });
  const { url } = await startHostApp(t, (app) => app.use(gateway));
  assert.equal((await ask(`${url}/a`)).status, 200);
  const next = { ...routes, routes: [open('/b', service.url)] };
  // It is recorded once it has ended, which its client doesn't wait for.
  await until(async () => (await gateway.metrics()).includes('turnpike_requests_total{route='));
  const error: unknown = await gateway.reload(next).catch((refusal: unknown) => refusal);
  assert.ok(error instanceof GatewayConfigError);
  const fault = error.faults[0] as GatewayConfigError['faults'][number];
  assert.match(fault.message, /would refuse 1 of the last 1/);
  assert.match(fault.hint ?? '', /reload\(routes, \{ force: true \}\)/);
  assert.equal((await gateway.reload(next, { force: true })).result, 'applied');
  assert.equal((await ask(`${url}/b`)).status, 200);
});

test('a file is watched, or read anew when it is asked for', async (t) => {
  const service = await startService(t);
  const file = (prefix: string) => JSON.stringify({ routes: [open(prefix, service.url)] });
  const folder = configFolder(t, { 'routes.json': file('/a') });
  const routesFile = join(folder, 'routes.json');
  const [watched, still] = await Promise.all([embed(t, { routesFile }), embed(t, { routesFile, watch: false })]);
  const { url } = await startHostApp(t, (app) => app.use('/watched', watched).use('/still', still));
  writeFileSync(routesFile, file('/b'));
  await until(async () => ((await ask(`${url}/watched/b`)).status === 200 ? true : undefined));
  assert.equal((await ask(`${url}/still/b`)).status, 404);
  await still.reload();
  assert.equal((await ask(`${url}/still/b`)).status, 200);
  await assert.rejects(still.reload({ routes: [] }), /come from a file/);
});

test('started by itself it listens, answers /health, and closes when what is under way has its answer', async (t) => {
  const waiting = Promise.withResolvers<void>();
  const service = await startService(t, (_req, res) => void waiting.promise.then(() => res.end('done')));
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] } });
  const { port } = await gateway.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${port}`;
  assert.equal((await ask(`${url}/health/ready`)).status, 200);
  await assert.rejects(gateway.listen({ port: 0 }), /listens already/);
  const slow = ask(`${url}/x`);
  await until(() => service.requests[0]);
  const closed = gateway.close();
  await until(async () =>
    ask(`${url}/health/live`).then(
      () => undefined,
      () => true,
    ),
  );
  waiting.resolve();
  assert.equal((await slow).text, 'done');
  assert.equal(await closed, true);
});

test('closed in an application, what is under way has its answer, and what comes is refused', async (t) => {
  const waiting = Promise.withResolvers<void>();
  const service = await startService(t, (_req, res) => void waiting.promise.then(() => res.end('done')));
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] } });
  const { url } = await startHostApp(t, (app) => app.use('/api', gateway));
  const slow = ask(`${url}/api/x`);
  await until(() => service.requests[0]);
  const closed = gateway.close();
  const refused = await ask(`${url}/api/x`);
  assert.deepEqual([refused.status, refused.json.code], [503, 'draining']);
  waiting.resolve();
  assert.equal((await slow).text, 'done');
  assert.equal(await closed, true);
  const after = await ask(`${url}/api/x`);
  assert.deepEqual([after.status, after.json.code, after.headers.connection], [503, 'draining', 'close']);
});

test('what takes longer than shutdownTimeout is ended', async (t) => {
  const service = await startService(t, () => undefined);
  const gateway = await embed(t, {
    routes: { routes: [open('/x', service.url)] },
    settings: { shutdownTimeout: '50ms' },
  });
  const { url } = await startHostApp(t, (app) => app.use(gateway));
  const slow = ask(`${url}/x`);
  await until(() => service.requests[0]);
  assert.equal(await gateway.close(), false);
  assert.equal((await slow).json.code, 'draining');
});

test('the admin pages want a token, whatever the Host says', async (t) => {
  const adminToken = 'a-token-of-enough-characters';
  const routes = { routes: [] };
  const [shut, guarded] = await Promise.all([embed(t, { routes }), embed(t, { routes, settings: { adminToken } })]);
  const { url } = await startHostApp(t, (app) => app.use('/shut', shut.admin).use('/ops', guarded.admin));
  const page = (path: string, token?: string) =>
    ask(url + path, {
      headers: { host: 'localhost', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    });
  assert.equal((await page('/shut/metrics')).status, 403);
  assert.equal((await page('/shut/metrics', adminToken)).status, 403);
  assert.equal((await page('/ops/metrics')).status, 401);
  assert.match((await page('/ops/metrics', adminToken)).text, /turnpike_requests_in_flight/);
  assert.equal((await page('/ops/state', adminToken)).status, 200);
});

test('a client that has left before the gateway had its request leaves nothing behind', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] } });
  const [arrived, passedOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { port } = await startHostApp(t, (app) => {
    app.use((_req, res, next) => {
      arrived.resolve();
      // When the connection has been gone for a while.
      res.once('close', () =>
        setImmediate(() => {
          next();
          passedOn.resolve();
        }),
      );
    });
    app.use(gateway);
  });
  const wire = openWire(t, port);
  wire.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  await arrived.promise;
  wire.socket.destroy();
  await passedOn.promise;
  assert.match(await gateway.metrics(), /^turnpike_requests_in_flight 0$/m);
  assert.equal(service.requests.length, 0);
});

test('an answer that the application has begun is not the gateway’s to give', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, { routes: { routes: [open('/x', service.url)] } });
  const errors: unknown[] = [];
  const { url } = await startHostApp(t, (app) => {
    app.use((_req, res, next) => {
      res.write('begun');
      next();
    });
    app.use(gateway);
    app.use((error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      errors.push(error);
      res.end();
    });
  });
  assert.equal((await ask(`${url}/x`)).text, 'begun');
  assert.match(String(errors[0]), /had begun before it came to the gateway/);
  assert.equal(service.requests.length, 0);
});

test('a gateway that is closed waits for what its own stages close', async (t) => {
  const folder = configFolder(t, {
    'closer.ts': `import { defineStage } from 'turnpike';
import { existsSync, writeFileSync } from 'node:fs';
export default defineStage({ name: 'closer', create: () => ({
  async close() {
    await new Promise((resolve) => setTimeout(resolve, 150));
    writeFileSync(new URL('closed', import.meta.url), '');
  },
}) });`,
  });
  const gateway = await createGateway({
    routes: { routes: [open('/', 'http://localhost:1', { use: [join(folder, 'closer.ts')] })] },
  });
  await gateway.close();
  assert.ok(existsSync(join(folder, 'closed')));
});
