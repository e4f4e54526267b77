import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { stageSource, startOwn } from '../support/own-modules.ts';

test('nothing of the inside is to be had from the context of an own stage', async (t) => {
  const { gateway } = await startOwn(
    t,
    `import { inspect } from 'node:util';\n${stageSource(`request(context) {
      const names = [...Object.getOwnPropertyNames(context), ...Object.getOwnPropertySymbols(context)];
      const shown = inspect(context, { depth: 5, showHidden: true, getters: false });
      return context.respond({ body: { names, shown, json: JSON.stringify(context) } });
    }`)}`,
  );
  const { json } = await ask(`${gateway.url}/a`, { headers: { authorization: 'Bearer secret' } });
  assert.deepEqual([json.names, json.json], [[], '{}']);
  assert.doesNotMatch(json.shown, /upstreamHeaders|sink|secret|deadlines|socket/i);
});

test('names of prototypes are names like any other, in headers, queries and options', async (t) => {
  const { gateway, config } = await startOwn(
    t,
    stageSource(
      `request(context) {
        const found = ['__proto__', 'constructor', 'toString'].map((name) => [context.headers.get(name), context.query.get(name), context.params[name] === Object.prototype[name]]);
        return context.respond({ body: { found, polluted: {}.polluted, options } });
      }`,
      `schema: { type: 'object', additionalProperties: { type: 'object' } },`,
    ),
    { route: { probe: {} } },
  );
  const { json } = await ask(`${gateway.url}/a`);
  assert.equal(json.polluted, undefined);
  for (const [header, parameter] of json.found) assert.deepEqual([header ?? null, parameter], [null, null]);
  const text = JSON.stringify({ ...config, routes: [{ ...config.routes[0], probe: 1 }] }).replace(
    '"probe":1',
    '"probe":{"__proto__":{"polluted":true},"constructor":{}}',
  );
  const { result } = await gateway.reload(JSON.parse(text));
  if (result === 'applied') assert.equal((await ask(`${gateway.url}/a`)).json.polluted, undefined);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test('what a client sends can not become a header field of its own through a stage', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource(`request(context) {
      const value = context.query.get('v');
      context.setServiceHeader('x-v', value);
    }, head(context, answer) { answer.headers.set('x-v', context.query.get('v')); }`),
  );
  assert.equal((await ask(`${gateway.url}/a?v=fine`)).headers['x-v'], 'fine');
  assert.equal((await ask(`${gateway.url}/a?v=%C3%BC`)).headers['x-v'], '%C3%BC');
  for (const value of ['a%0d%0ax-evil:%201', 'a%00b']) {
    const answer = await ask(`${gateway.url}/a?v=${value}`);
    assert.deepEqual([answer.status, answer.headers['x-evil']], [500, undefined], value);
  }
});
