import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { startOwn } from '../support/own-modules.ts';

const EXPRESS = JSON.stringify(import.meta.resolve('express'));

test('an application of Express is a stage: it answers by its own settings, or passes on', async (t) => {
  const app = `const app = express();
    app.set('etag', false);
    app.response.twice = function twice(text) { return this.send(text + text); };
    app.get('/a/sent', (req, res) => res.send(req.app === app && res.app === app && 'sent'));
    app.get('/a/json', (req, res) => res.status(201).json({ q: req.query.q }));
    app.get('/a/twice', (req, res) => res.twice('ab'));`;
  for (const [outer, exported] of [
    ['', 'app'],
    [
      'const router = express.Router(); router.use(app); router.get("/a/after", (req, res) => res.send("after"));',
      'router',
    ],
  ] as const) {
    const source = `import express from ${EXPRESS};\n${app}\n${outer}\nexport default ${exported};`;
    const { gateway } = await startOwn(t, source, { name: 'probe.mjs' });
    const get = (path: string) => ask(`${gateway.url}/a${path}`);
    const sent = await get('/sent');
    assert.deepEqual([sent.status, sent.text, sent.headers.etag], [200, 'sent', undefined]);
    const json = await get('/json?q=1');
    assert.deepEqual([json.status, json.json], [201, { q: '1' }]);
    assert.equal((await get('/twice')).text, 'abab');
    assert.equal((await get('/else')).json.path, '/else');
    if (outer !== '') assert.equal((await get('/after')).text, 'after');
    assert.equal((await ask(`${gateway.url}/b`)).status, 200);
  }
});

test('a middleware that freezes or breaks what it is lent ends its own request at most', async (t) => {
  const { gateway } = await startOwn(
    t,
    `const harm = {
      freezeRes: (req, res) => Object.freeze(res),
      freezeReq: (req) => Object.freeze(req),
      freezeSocket: (req) => Object.freeze(req.socket),
      resEvents: (req, res) => { res._events = null; },
      reqEvents: (req) => { req._events = null; },
      reqState: (req) => { delete req._readableState; },
      resProto: (req, res) => Object.setPrototypeOf(res, {}),
      reqProto: (req) => Object.setPrototypeOf(req, {}),
      emit: (req, res) => { res.emit = () => { throw new Error('mine'); }; },
      status: (req, res) => { Object.defineProperty(res, 'statusCode', { value: 200 }); },
    };
    export default (req, res, next) => { harm[req.query.do](req, res); next(); };`,
  );
  for (const what of ['freezeRes', 'freezeReq', 'freezeSocket', 'resEvents', 'reqEvents', 'reqState'])
    assert.equal((await ask(`${gateway.url}/a?do=${what}`)).json.code, 'stage_failed', what);
  for (const what of ['resProto', 'reqProto', 'emit', 'status'])
    assert.equal((await ask(`${gateway.url}/a?do=${what}`, { method: 'POST', body: 'x' })).status, 200, what);
  assert.equal((await ask(`${gateway.url}/b`)).status, 200);
});

test('what a listener of a middleware throws, on the request, its socket or the response, is told and ends nothing', async (t) => {
  const { gateway } = await startOwn(
    t,
    `const fail = () => { throw 'no error, and no stack'; };
    export default (req, res, next) => {
      const never = () => process.exit(3);
      req.once('close', never).off('close', never);
      req.on('close', fail);
      req.on('end', fail);
      req.socket.once('close', fail);
      res.on('finish', fail);
      res.on('close', fail);
      next();
    };`,
  );
  for (const method of ['GET', 'POST']) assert.equal((await ask(`${gateway.url}/a`, { method })).status, 200);
  assert.match(await gateway.metrics(), /failures_total\{stage="probe",reason="late"\} [4-9]/);
});

test('the context of the gateway is not to be found at what a middleware is lent', async (t) => {
  const { gateway } = await startOwn(
    t,
    `export default (req, res, next) => {
      const keys = [req, res].flatMap((one) => Object.getOwnPropertySymbols(one).map(String));
      res.json(keys.filter((key) => key.includes('turnpike')));
    };`,
  );
  assert.deepEqual((await ask(`${gateway.url}/a`)).json, []);
});

test('the last word of Express, finalhandler, answers as it does there', async (t) => {
  const source = `import last from ${JSON.stringify(createRequire(import.meta.resolve('express')).resolve('finalhandler'))};
    export default (req, res, next) => last(req, res)();`;
  const { gateway } = await startOwn(t, source, { name: 'probe.mjs' });
  for (const method of ['GET', 'POST']) {
    const answer = await ask(`${gateway.url}/a/x`, { method });
    assert.deepEqual([answer.status, /Cannot (GET|POST) \/a\/x/.test(answer.text)], [404, true], method);
  }
});
