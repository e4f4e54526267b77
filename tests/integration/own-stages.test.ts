import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFolder } from '../support/folders.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { stageSource, startOwn } from '../support/own-modules.ts';
import type { StubHandler } from '../support/service.ts';
import { until } from '../support/until.ts';

test('a stage tells the service and the client something, on its route alone', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(`request(context) {
      context.setServiceHeader('x-tenant', context.host.split('.')[0]);
      context.setClientHeader('x-seen', context.method + ' ' + context.path + ' ' + context.query.get('q'));
    }`),
  );
  const used = await ask(`${gateway.url}/a/x?q=1`, { headers: { host: 'red.shop.test', 'x-tenant': 'forged' } });
  assert.equal(used.json.headers['x-tenant'], 'red');
  assert.equal(used.headers['x-seen'], 'GET /a/x 1');
  const other = await ask(`${gateway.url}/b/x`);
  assert.equal(other.headers['x-seen'], undefined);
});

test('a stage refuses by code or by status, and answers by itself', async (t) => {
  const { gateway, service } = await startOwn(
    t,
    stageSource(`async request(context) {
      const what = context.query.get('do');
      if (what === 'code') return context.refuse('quota_exceeded', 'No more today.', { retryAfter: 60 });
      if (what === 'status') return context.refuse(418, 'A teapot.', { headers: { 'x-pot': 'yes' } });
      if (what === 'down') return context.refuse(503);
      if (what === 'answer') return context.respond({ status: 201, headers: { 'x-own': '1' }, body: { hello: 'you' } });
      if (what === 'nonsense') return context.refuse('teapot');
    }`),
  );
  const code = await ask(`${gateway.url}/a?do=code`);
  assert.deepEqual(
    [code.status, code.json.code, code.json.detail, code.headers['retry-after']],
    [429, 'quota_exceeded', 'No more today.', '60'],
  );
  const status = await ask(`${gateway.url}/a?do=status`);
  assert.deepEqual(
    [status.status, status.json.code, status.json.status, status.headers['x-pot']],
    [418, 'stage_refused', 418, 'yes'],
  );
  assert.equal((await ask(`${gateway.url}/a?do=down`)).json.code, 'stage_unavailable');
  const answer = await ask(`${gateway.url}/a?do=answer`);
  assert.deepEqual([answer.status, answer.json, answer.headers['x-own']], [201, { hello: 'you' }, '1']);
  assert.equal((await ask(`${gateway.url}/a?do=nonsense`)).json.code, 'stage_failed');
  assert.equal(service.requests.length, 0);
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
});

test('an answer of a stage has each field as often as it is given, and nothing that is no content', async (t) => {
  const { gateway } = await startOwn(
    t,
    `import { Readable } from 'node:stream';
${stageSource(`request(context) {
      const answers = {
        cookies: { headers: { 'set-cookie': ['a=1', 'b=2'] }, body: 'x' },
        headers: { headers: new Headers([['x-own', '1'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2']]), body: 'x' },
        map: { headers: new Map([['x-own', '1']]), body: 'x' },
        buffer: { body: new TextEncoder().encode('x').buffer },
        view: { body: new DataView(new TextEncoder().encode('axb').buffer, 1, 1) },
        none: { headers: { 'x-own': null } },
        undefined: { headers: { 'x-own': undefined } },
        promise: { body: Promise.reject(new Error('boom')) },
        stream: { body: Readable.from(['x']) },
        web: { body: new Blob(['x']).stream() },
        pairs: { body: new Map([['a', 1]]) },
        code: { body: () => 'x' },
      };
      Promise.resolve(answers.promise.body).catch(() => {});
      context.respond(answers[context.query.get('do')]);
    }`)}`,
  );
  const get = (what: string) => ask(`${gateway.url}/a?do=${what}`);
  assert.deepEqual((await get('cookies')).headers['set-cookie'], ['a=1', 'b=2']);
  const headers = await get('headers');
  assert.deepEqual([headers.headers['set-cookie'], headers.headers['x-own']], [['a=1', 'b=2'], '1']);
  assert.equal((await get('map')).headers['x-own'], '1');
  for (const what of ['buffer', 'view']) assert.equal((await get(what)).text, 'x', what);
  for (const what of ['none', 'undefined', 'promise', 'stream', 'web', 'pairs', 'code'])
    assert.equal((await get(what)).json.code, 'stage_failed', what);
});

test('a stage with body and wholeBody refuses the file', async (t) => {
  await assert.rejects(
    startOwn(t, stageSource(`body: () => undefined, wholeBody: () => 'x'`)),
    /a body streams, or is had as a whole/,
  );
});

test('a stage that throws, never answers or answers twice ends its own request alone', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(
      `async request(context) {
      const what = context.query.get('do');
      if (what === 'throw') throw new Error('boom with a secret');
      if (what === 'hang') await new Promise(() => {});
      if (what === 'twice') { context.refuse(403); context.respond({ body: 'x' }); }
      if (what === 'late') setTimeout(() => { try { context.refuse(403); } catch (error) { context.log.info('told', { why: error.message }); } }, 20);
    }`,
      `timeout: '100ms',`,
    ),
  );
  const failing = ['throw', 'hang', 'twice'].map((what) => ask(`${gateway.url}/a?do=${what}`));
  for (const { status, text } of await Promise.all(failing)) {
    assert.equal(status, 500);
    assert.match(text, /"code":"stage_failed"/);
    assert.doesNotMatch(text, /boom/);
  }
  assert.equal((await ask(`${gateway.url}/a?do=late`)).status, 200);
  await until(() => gateway.messages.some((line) => line.includes('comes too late')));
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
  const metrics = await gateway.metrics();
  assert.match(metrics, /turnpike_own_stage_failures_total\{stage="probe",reason="threw"\} 2/);
  assert.match(metrics, /turnpike_own_stage_failures_total\{stage="probe",reason="timeout"\} 1/);
  assert.match(metrics, /turnpike_own_stage_duration_seconds_count\{stage="probe"\} 5/);
});

test('where onError is open the request goes on', async (t) => {
  const { gateway } = await startOwn(t, stageSource(`request() { throw new Error('boom'); }`, `onError: 'open',`));
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
});

test('the head of an answer is edited, and its body, as it streams or as a whole', async (t) => {
  const hooks = `head(context, answer) {
      answer.status = 203;
      answer.headers.set('x-was', answer.headers.get('content-type'));
      answer.headers.delete('x-inner');
    }, `;
  const handler: StubHandler = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/plain', 'x-inner': '1', etag: '"1"', 'content-length': 10 });
    res.write('hello');
    setTimeout(() => res.end('world'), 10);
  };
  const upper = `import { Transform } from 'node:stream';
    const upper = () => new Transform({ transform(chunk, _e, done) { done(null, chunk.toString().toUpperCase()); }, flush(done) { this.push('!'); done(); } });`;
  const streamed = await startOwn(t, upper + stageSource(`${hooks} body: () => upper()`), { handler });
  const answer = await ask(`${streamed.gateway.url}/a`);
  assert.deepEqual([answer.status, answer.text, answer.headers['x-was']], [203, 'HELLOWORLD!', 'text/plain']);
  assert.deepEqual([answer.headers['x-inner'], answer.headers.etag], [undefined, 'W/"1"']);
  const whole = await startOwn(
    t,
    stageSource(`${hooks} async wholeBody(context, answer, body) { return body.toString() + body.length; }`),
    { handler },
  );
  assert.equal((await ask(`${whole.gateway.url}/a`)).text, 'helloworld10');
  const bounded = await startOwn(t, stageSource('wholeBody: (context, answer, body) => body', `maxBody: '5b',`), {
    handler,
  });
  assert.equal((await ask(`${bounded.gateway.url}/a`)).json.code, 'answer_too_large');
});

test('a stream that fails, or stands still, ends its own answer alone', async (t) => {
  const streams = `import { Transform } from 'node:stream';
    const make = (what) => new Transform({ transform(chunk, _e, done) { if (what === 'fail') done(new Error('boom')); if (what === 'throw') throw new Error('boom'); if (what === 'pass') done(null, chunk); } });`;
  const { gateway } = await startOwn(
    t,
    streams + stageSource(`body: (context) => make(context.query.get('do'))`, `timeout: '100ms',`),
  );
  for (const what of ['fail', 'hang', 'throw'])
    assert.equal((await ask(`${gateway.url}/a?do=${what}`)).json.code, 'stage_failed', what);
  assert.equal((await ask(`${gateway.url}/a?do=pass`)).status, 200);
  const open = await startOwn(
    t,
    streams + stageSource(`body: (context) => make(context.query.get('do'))`, `timeout: '100ms', onError: 'open',`),
  );
  for (const what of ['fail', 'hang', 'throw', 'pass']) {
    const answer = await ask(`${open.gateway.url}/a?do=${what}`);
    assert.deepEqual([answer.status, answer.json.path], [200, `/?do=${what}`], what);
  }
});

test('the end is told with what came of the request, and state goes from hook to hook', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(`request(context) { context.state.set('who', 'me'); },
      end(context, outcome) { context.log.info('the end', { who: context.state.get('who'), ...outcome }); }`),
  );
  await ask(`${gateway.url}/a/x`);
  const line = JSON.parse(await until(() => gateway.messages.find((one) => one.includes('the end'))));
  assert.deepEqual([line.who, line.status, line.isWhole, line.ownStage, line.route], ['me', 200, true, 'probe', '/a']);
  assert.ok(line.requestId.length > 8 && line.durationMs > 0);
});

test('options are checked by the schema of the stage, with its defaults', async (t) => {
  const source = stageSource(
    `request(context) { context.setClientHeader('x-options', JSON.stringify(options)); }`,
    `schema: { type: 'object', properties: { domain: { type: 'string' }, depth: { type: 'integer', default: 2 } }, required: ['domain'], additionalProperties: false },`,
  );
  const { gateway, config } = await startOwn(t, source, { route: { probe: { domain: 'shop.test' } } });
  assert.equal((await ask(`${gateway.url}/a`)).headers['x-options'], '{"domain":"shop.test","depth":2}');
  const tryWith = (probe: unknown) =>
    gateway.reload({ ...config, routes: [{ ...config.routes[0], probe }, ...config.routes.slice(1)] });
  const misspelt = await tryWith({ domian: 'x' });
  assert.equal(misspelt.result, 'refused');
  assert.match(JSON.stringify(misspelt.faults), /did you mean \\"domain\\"/);
  assert.match(JSON.stringify((await tryWith(undefined)).faults), /"domain\\" is missing/);
  assert.equal((await tryWith(false)).result, 'applied');
  assert.equal((await ask(`${gateway.url}/a`)).headers['x-options'], undefined);
});

test('a stage that changes is in force with the next reload; one that can not be used changes nothing', async (t) => {
  const answering = (text: string) =>
    stageSource(
      `request: (context) => context.respond({ body: ${JSON.stringify(text)} }), close() { route.log.info('closed ${text}'); }`,
    );
  const { gateway, file } = await startOwn(t, answering('one'));
  const get = async () => (await ask(`${gateway.url}/a`)).text;
  assert.equal(await get(), 'one');
  writeFileSync(file, answering('two'));
  const applied = await gateway.reloader.reload('test');
  assert.equal(applied.result, 'applied');
  assert.match(applied.changes.join(), /own stage .*probe\.ts changed/);
  assert.equal(await get(), 'two');
  await until(() => gateway.messages.some((line) => line.includes('closed one')));
  const broken: readonly (readonly [string, RegExp])[] = [
    ['const a = 1;\nexport default a b;', /can't be used/],
    ["throw new Error('no luck');", /probe\.ts:1: no luck/],
    ['const a = 1;\nconst b: = 2;', /probe\.ts:2/],
    ['export default 1;', /exports no stage/],
    [stageSource('', 'nmae: 1,'), /its stage has "nmae"/],
    [stageSource('requst() {}'), /on route \/a: create\(\) failed: .*requst/],
    [stageSource('').replace('return {', "throw new Error('no luck'); return {"), /create\(\) failed: no luck/],
    [stageSource('body: () => undefined', "before: 'authenticate',"), /stands before "compress"/],
    ['await new Promise(() => {});\nexport default 1;', /its import has not ended within 5 s/],
    ["import './missing.ts';", /missing\.ts/],
  ];
  for (const [source, expected] of broken) {
    writeFileSync(file, source);
    const { result, faults } = await gateway.reloader.reload('test');
    assert.equal(result, 'refused', source);
    assert.equal(faults.length, 1);
    assert.match(String(faults[0]?.message), expected);
    assert.equal(await get(), 'two');
  }
  writeFileSync(file, answering('two'));
  assert.equal((await gateway.reloader.reload('test')).result, 'unchanged');
});

test('only what has changed is imported anew, of ES modules and of CommonJS', async (t) => {
  const folder = createFolder(t, {
    'stages/main.ts': `import { defineStage } from 'turnpike';
import { text } from './text.ts';
import { id } from './kept.ts';
import old from './old.cjs';
export default defineStage({ name: 'probe', create: () => ({ request: (context) => context.respond({ body: [text, id, old.text].join(' ') }) }) });`,
    'stages/text.ts': "export const text: string = 'one';",
    'stages/kept.ts': 'export const id = Math.random();',
    'stages/old.cjs': "module.exports = { text: require('./deep.cjs') };",
    'stages/deep.cjs': "module.exports = 'deep one';",
  });
  const gateway = await startGateway(t, {
    file: { use: [`${folder}/stages/main.ts`], routes: [{ prefix: '/', target: 'http://127.0.0.1:1', auth: 'none' }] },
  });
  const get = async () => (await ask(gateway.url)).text;
  const [, id = ''] = /^one (\S+) deep one$/.exec(await get()) ?? [];
  writeFileSync(`${folder}/stages/text.ts`, "export const text: string = 'two';");
  assert.equal((await gateway.reloader.reload('test')).result, 'applied');
  assert.equal(await get(), `two ${id} deep one`);
  writeFileSync(`${folder}/stages/deep.cjs`, "module.exports = 'deep two';");
  assert.equal((await gateway.reloader.reload('test')).result, 'applied');
  assert.equal(await get(), `two ${id} deep two`);
});
