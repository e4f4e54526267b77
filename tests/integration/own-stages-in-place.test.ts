import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFolder } from '../support/folders.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { stageSource, startOwn } from '../support/own-modules.ts';
import { collect } from '../support/own-stages.ts';
import { type StubHandler, startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { askSocket, openSocket, startSocketService } from '../support/websocket.ts';

test('own stages stand where they are put, and what has no place is told', async (t) => {
  const { gateway, config, file } = await startOwn(
    t,
    stageSource(`request(context) { context.setClientHeader('x-user', String(context.user ?? 'nobody')); }`),
  );
  const tryWith = async (entry: object) => {
    const routes = [{ ...config.routes[0], use: [{ stage: file, ...entry }] }];
    const { result, faults } = await gateway.reload({ ...config, routes });
    return [result, ...faults.map(({ message, hint }) => `${message} ${hint ?? ''}`)].join(' ');
  };
  assert.match(await tryWith({ before: 'authentcate' }), /no stage "authentcate".*did you mean "authenticate"/);
  assert.match(await tryWith({ before: 'sanitizeHeaders' }), /no own stage stands there.*after "refuse"/);
  assert.match(await tryWith({ after: 'forward' }), /no own stage stands there/);
  assert.match(await tryWith({ before: 'cache', after: 'cache' }), /not both/);
  assert.equal(await tryWith({ before: 'authenticate' }), 'applied');
  const placeOf = (name: string) => (gateway.gateway.snapshot.routes[0]?.stages ?? []).indexOf(name);
  assert.ok(placeOf('accessLog') < placeOf('probe') && placeOf('probe') < placeOf('bodyLimit'));
  assert.equal(await tryWith({}), 'applied');
  assert.ok(placeOf('bodyLimit') < placeOf('probe') && placeOf('probe') < placeOf('forward'));
});

test('a name that is taken, and two stages of one name, refuse the file', async (t) => {
  const source = (name: string) => stageSource('').replace("'probe'", `'${name}'`);
  const folder = createFolder(t, { 'a.ts': source('probe'), 'b.ts': source('probe'), 'c.ts': source('cache') });
  const file = (...names: string[]) => ({
    use: names.map((name) => `${folder}/${name}.ts`),
    routes: [{ prefix: '/', respond: { status: 204 }, auth: 'none' }],
  });
  const gateway = await startGateway(t, { file: file('a') });
  for (const names of [['a', 'b'], ['c']]) {
    const { result, faults } = await gateway.reload(file(...names));
    assert.equal(result, 'refused');
    assert.match(String(faults[0]?.message), /is taken/);
  }
  assert.match(String((await gateway.reload(file('none'))).faults[0]?.message), /there is no such file/);
  const { faults } = await gateway.reload({ ...file('a'), use: ['turnpike-tenant'] });
  assert.match(String(faults[0]?.message), /path of a file/);
});

test('a stage of the whole file is on every route but where it is not wanted', async (t) => {
  const folder = createFolder(t, { 'probe.ts': stageSource(`request: (context) => context.refuse(403)`) });
  const fixed = { respond: { status: 204 }, auth: 'none' };
  const gateway = await startGateway(t, {
    file: {
      use: [`${folder}/probe.ts`],
      routes: [
        { prefix: '/a', ...fixed },
        { prefix: '/b', ...fixed, probe: false },
      ],
    },
  });
  assert.equal((await ask(`${gateway.url}/a`)).status, 403);
  assert.equal((await ask(`${gateway.url}/b`)).status, 204);
  assert.equal((await ask(`${gateway.url}/none`)).status, 404);
  assert.deepEqual(
    gateway.gateway.snapshot.routes.map(({ stages }) => stages.includes('probe')),
    [true, false],
  );
});

test('a shadowed stage only tells what it would have refused', async (t) => {
  const { gateway } = await startOwn(t, stageSource(`request: (context) => context.refuse('forbidden')`), {
    route: { shadow: ['probe'], probe: true },
  });
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
  assert.equal((await gateway.line({ path: '/a' }))['shadow'], 'probe:forbidden');
});

test('a WebSocket walks the own stages, and is refused by a real answer', async (t) => {
  const folder = createFolder(t, {
    'probe.ts': stageSource(
      `async request(context) { if (context.isUpgrade && context.headers.get('x-pass') !== 'yes') return context.refuse('forbidden'); context.setServiceHeader('x-own', '1'); },
       end(context, { status }) { context.log.info('socket ended', { status, path: context.path, host: context.host, proof: context.headers.get('x-pass') }); }`,
    ),
  });
  const service = await startSocketService(t);
  const routes = [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true, use: [`${folder}/probe.ts`] }];
  const gateway = await startGateway(t, { file: { routes } });
  assert.equal((await askSocket(t, `${gateway.url}/ws`)).status, 403);
  const socket = await openSocket(t, `${gateway.url}/ws/room`, { headers: { 'x-pass': 'yes' } });
  socket.close();
  const line = await until(() =>
    gateway.messages.find((one) => one.includes('socket ended') && one.includes('/ws/room')),
  );
  const { status, host, proof } = JSON.parse(line);
  assert.deepEqual([status, host, proof], [101, '127.0.0.1', 'yes']);
});

test('a WebSocket that outlives its configuration tells the stage of its end, and then the stage is closed', async (t) => {
  const file = join(
    createFolder(t, {
      'probe.ts': stageSource(
        `end(context) { context.log.info('its end'); }, close() { route.log.info('its close'); }`,
      ),
    }),
    'probe.ts',
  );
  const service = await startSocketService(t);
  const routes = [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true, use: [file] }];
  const gateway = await startGateway(t, { file: { routes } });
  const socket = await openSocket(t, `${gateway.url}/ws`);
  writeFileSync(file, stageSource('request() {}'));
  assert.equal((await gateway.reloader.reload('test')).result, 'applied');
  assert.equal((await ask(`${gateway.url}/ws`)).status, 200);
  assert.ok(!gateway.messages.some((line) => line.includes('its close')));
  socket.close();
  await until(() => gateway.messages.some((line) => line.includes('its close')));
  const order = gateway.messages
    .filter((line) => /its (?:end|close)/.test(line))
    .map((line) => JSON.parse(line).message);
  assert.deepEqual(order, ['its end', 'its close']);
});

test('the hook for upgrades stands in the place of that for requests', async (t) => {
  const hooks = `request(context) { return context.refuse(403); }, upgrade(context) { return context.refuse(401); }`;
  const folder = createFolder(t, { 'probe.ts': stageSource(hooks) });
  const service = await startSocketService(t);
  const routes = [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true, use: [`${folder}/probe.ts`] }];
  const gateway = await startGateway(t, { file: { routes } });
  assert.equal((await askSocket(t, `${gateway.url}/ws`)).status, 401);
  assert.equal((await ask(`${gateway.url}/ws`)).status, 403);
});

test('the parts of an aggregate walk the own stages of their routes', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(`request(context) { context.setServiceHeader('x-own', 'part'); }`),
    {
      top: {},
    },
  );
  const [first] = gateway.gateway.snapshot.routes;
  assert.ok(first);
  const { text } = await collect(gateway.gateway.inProcess, { method: 'GET', target: '/a', headers: ['host', 'x'] });
  assert.equal(JSON.parse(text).headers['x-own'], 'part');
});

test('an explanation runs no own stage that does not say that it may', async (t) => {
  const explain = async (more: string) => {
    const { gateway } = await startOwn(
      t,
      stageSource(
        `request: (context) => context.refuse('forbidden'), end: (context) => context.log.info('ended')`,
        more,
      ),
    );
    const { context } = await collect(gateway.gateway.inProcess, {
      method: 'GET',
      target: '/a',
      headers: ['host', 'x'],
      dryRun: true,
    });
    assert.ok(!gateway.messages.some((line) => line.includes('"ended"')));
    return context.trace?.filter(({ stage }) => stage === 'probe').map(({ decision }) => decision);
  };
  assert.deepEqual(await explain(''), ['an own stage: not run in an explanation']);
  assert.deepEqual(await explain('dryRun: true,'), ['refuses: 403 forbidden']);
});

const counting = (): StubHandler => {
  let asked = 0;
  return (_req, res) => {
    asked += 1;
    res.writeHead(200, { 'cache-control': 'max-age=60' });
    res.end(String(asked));
  };
};

test('what an own stage says tells stored answers apart, and can keep a request from the store', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(
      `cacheKey: (context) => context.headers.get('x-variant'), cacheDisabled: (context) => context.query.has('fresh')`,
    ),
    { handler: counting(), route: { cache: true } },
  );
  const get = async (variant: string, query = '') =>
    (await ask(`${gateway.url}/a${query}`, { headers: { 'x-variant': variant } })).text;
  assert.deepEqual([await get('a'), await get('b'), await get('a'), await get('b')], ['1', '2', '1', '2']);
  assert.notEqual(await get('a', '?fresh'), await get('a', '?fresh'));
});

test('a word to the cache that is none fails the stage, and no answer is shared by it', async (t) => {
  const hooks = [
    `async cacheKey(context) { return context.headers.get('x-variant'); }`,
    `cacheKey: (context) => ({ variant: context.headers.get('x-variant') })`,
    'cacheKey: () => 1',
    'cacheKey: () => null',
    'async cacheDisabled() { throw new Error("boom"); }',
    'cacheDisabled: () => 1',
  ];
  for (const hook of hooks) {
    const closed = await startOwn(t, stageSource(hook), { handler: counting(), route: { cache: true } });
    const refused = await ask(`${closed.gateway.url}/a`);
    assert.deepEqual([refused.status, refused.json.code], [500, 'stage_failed'], hook);
    const open = await startOwn(t, stageSource(hook, `onError: 'open',`), {
      handler: counting(),
      route: { cache: true },
    });
    for (const asked of ['1', '2']) assert.equal((await ask(`${open.gateway.url}/a`)).text, asked, hook);
  }
  const { gateway } = await startOwn(t, 'module.exports = (req, res, next) => { req.cacheKey = 1; next(); };', {
    name: 'probe.cjs',
    route: { cache: true },
  });
  assert.equal((await ask(`${gateway.url}/a`)).json.code, 'stage_failed');
});

test('what a stage tells the service is part of the name of the stored answer', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(`request(context) { context.setServiceHeader('x-flag', context.headers.get('x-variant') ?? ''); }`),
    { handler: counting(), route: { cache: true } },
  );
  const get = async (variant: string) => (await ask(`${gateway.url}/a`, { headers: { 'x-variant': variant } })).text;
  assert.deepEqual([await get('a'), await get('b'), await get('a')], ['1', '2', '1']);
});

test('what a stage tells the service tells keys of requests apart: nobody is given the answer of another', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(`request(context) {
      context.setServiceHeader('x-tenant', context.headers.get('x-org') ?? '');
      const ticket = context.headers.get('x-ticket');
      if (ticket !== undefined) context.setServiceHeader('x-user-id', ticket);
    }`),
    { handler: counting(), route: { idempotency: true } },
  );
  const post = (headers: Record<string, string>) =>
    ask(`${gateway.url}/a`, { method: 'POST', body: 'tea', headers: { 'idempotency-key': '"k1"', ...headers } });
  assert.equal((await post({ 'x-ticket': 'red' })).text, '1');
  assert.equal((await post({ 'x-ticket': 'green' })).text, '2');
  const again = await post({ 'x-ticket': 'red' });
  assert.deepEqual([again.text, again.headers['idempotency-replayed']], ['1', 'true']);
  const other = await post({ 'x-ticket': 'red', 'x-org': 'green' });
  assert.deepEqual([other.status, other.json.code], [422, 'idempotency_mismatch']);
});

test('behind the cache nothing that a stage tells the service is shared, and words to the cache refuse the file', async (t) => {
  const tells = `request(context) { context.setServiceHeader('x-tenant', context.headers.get('x-variant') ?? ''); }`;
  const { gateway } = await startOwn(t, stageSource(tells, `after: 'cache',`), {
    handler: counting(),
    route: { cache: true },
  });
  const get = async (variant: string) => (await ask(`${gateway.url}/a`, { headers: { 'x-variant': variant } })).text;
  assert.deepEqual([await get('a'), await get('b'), await get('a')], ['1', '2', '3']);
  assert.equal(gateway.messages.filter((line) => line.includes('stands behind')).length, 1);
  const key = stageSource(`cacheKey: () => 'x'`, `after: 'cache',`);
  await assert.rejects(startOwn(t, key, { route: { cache: true } }), /come too late/);
  await startOwn(t, key);
});

test('the signal tells that the client has left, and the request ends there', async (t) => {
  const { gateway, service } = await startOwn(
    t,
    stageSource(
      `request: (context) => new Promise((resolve) => {
        context.log.info('waiting');
        context.signal.addEventListener('abort', () => { context.log.info('it left'); setTimeout(resolve, 50); });
      })`,
      `timeout: '20s',`,
    ),
  );
  const socket = connect(gateway.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => gateway.messages.some((line) => line.includes('waiting')));
  socket.destroy();
  await until(() => gateway.messages.some((line) => line.includes('it left')));
  await until(() => gateway.gateway.inFlight === 0);
  assert.equal(service.requests.length, 0);
});

test('a stage reads the whole body, and the service gets it all the same', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(
      `async request(context) { context.setClientHeader('x-read', String((await context.readBody()).length)); }`,
    ),
    { route: { bodyLimit: '1kb' } },
  );
  const answer = await ask(`${gateway.url}/a`, { method: 'POST', body: 'x'.repeat(500) });
  assert.deepEqual([answer.headers['x-read'], answer.json.bodyBytes], ['500', 500]);
  const large = await ask(`${gateway.url}/a`, {
    method: 'POST',
    body: 'x'.repeat(5000),
    headers: { 'transfer-encoding': 'chunked' },
  });
  assert.deepEqual([large.status, large.json.code], [413, 'body_too_large']);
});

test('the wait for a slow client is no time of the stage', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource('async request(context) { await context.readBody(); }', `timeout: '50ms',`),
  );
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\na');
  await until(() => gateway.gateway.inFlight === 1);
  // What is not to happen has no sign to wait for.
  await new Promise((resolve) => setTimeout(resolve, 250));
  socket.write('b');
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1.1 200 /);
});

test('a body that a stage reads without waiting for it goes to the service all the same', async (t) => {
  const { gateway } = await startOwn(t, stageSource('request(context) { context.readBody(); }'));
  for (let i = 0; i < 6; i++) {
    const answer = await ask(`${gateway.url}/a`, { method: 'POST', body: 'x'.repeat(300_000) });
    assert.deepEqual([answer.status, answer.json.bodyBytes], [200, 300_000]);
  }
});

test('a stage sees no identity that a client has forged, and may set one towards the service', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(`request(context) {
      context.setClientHeader('x-seen', String(context.headers.get('x-user-id') ?? context.headers.get('remote-user')));
      context.setServiceHeader('x-user-id', 'from-the-stage');
      for (const name of ['content-length', 'transfer-encoding', 'x-forwarded-for', 'x_forwarded_for', 'bad name'])
        try { context.setServiceHeader(name, '1'); context.setClientHeader('x-let', name); } catch {}
      try { context.setServiceHeader('x-split', 'a\\r\\nb: c'); context.setClientHeader('x-let', 'split'); } catch {}
    }`),
  );
  const answer = await ask(`${gateway.url}/a`, { headers: { 'x-user-id': 'forged', 'remote-user': 'forged' } });
  assert.deepEqual([answer.headers['x-seen'], answer.headers['x-let']], ['undefined', undefined]);
  assert.equal(answer.json.headers['x-user-id'], 'from-the-stage');
});

test('a client that reads slowly holds the stream of a stage back, and that the service', async (t) => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let sent = 0;
  const handler: StubHandler = (_req, res) => {
    const more = (): void => {
      while (sent < 2000) {
        sent += 1;
        if (!res.write(chunk)) return void res.once('drain', more);
      }
      res.end();
    };
    more();
  };
  const { gateway } = await startOwn(
    t,
    `import { PassThrough } from 'node:stream';\n${stageSource('body: () => new PassThrough()')}`,
    { handler },
  );
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.pause();
  socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
  let before = -1;
  await until(async () => {
    if (sent > 0 && sent === before) return true;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return false;
  });
  assert.ok(sent < 1000, `${sent} chunks were taken for a client that reads nothing`);
});

test('routes that use none have no handler of theirs', async (t) => {
  const service = await startService(t);
  const routes = [{ prefix: '/b', target: service.url, auth: 'none' }];
  const plain = await startGateway(t, { file: { routes } });
  const { gateway } = await startOwn(t, stageSource('request() {}'));
  const namesOf = (running: typeof plain) =>
    running.gateway.snapshot.routes.find(({ prefix }) => prefix === '/b')?.handlers.map(({ name }) => name);
  assert.deepEqual(namesOf(gateway), namesOf(plain));
});

test('an edited stage behind a cache is heard at once', async (t) => {
  const source = (word: string) =>
    stageSource(`head(context, head) { head.headers.set('x-word', '${word}'); }`, "after: 'cache',");
  const folder = createFolder(t, { 'probe.ts': source('old') });
  const service = await startService(t, (_req, res) => res.writeHead(200, { 'cache-control': 'max-age=60' }).end('hi'));
  const file = {
    use: [`${folder}/probe.ts`],
    routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true }],
  };
  const gateway = await startGateway(t, { file });
  const hear = async () => {
    const { headers } = await ask(`${gateway.url}/a`);
    return [headers['x-word'], headers['x-cache']];
  };
  assert.deepEqual(
    [await hear(), await hear()],
    [
      ['old', 'MISS'],
      ['old', 'HIT'],
    ],
  );
  writeFileSync(join(folder, 'probe.ts'), source('new'));
  assert.equal((await gateway.reload(file)).result, 'applied');
  assert.deepEqual(
    [await hear(), await hear()],
    [
      ['new', 'MISS'],
      ['new', 'HIT'],
    ],
  );
});
