/**
 * A public OpenAPI document of some size behind a gateway: Blockfrost's of @blockfrost/openapi, or the file that
 * OPENAPI_DOCUMENT names (GitHub's of @octokit/openapi has 811 paths, and is 400 MB to install).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { parse } from 'yaml';
import { startGateway } from '../../../tests/support/gateway.ts';
import { ask } from '../../../tests/support/http.ts';
import { listen } from '../recipe.mjs';

const require = createRequire(import.meta.url);
const FILE = process.env.OPENAPI_DOCUMENT ?? require.resolve('@blockfrost/openapi/openapi.yaml');
const document = parse(readFileSync(FILE, 'utf8'), { maxAliasCount: -1 });

const resolve = (value) =>
  value?.$ref === undefined
    ? value
    : resolve(
        value.$ref
          .split('/')
          .slice(1)
          .reduce((at, key) => at[decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')], document),
      );

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  ['get', 'post', 'put', 'patch', 'delete'].flatMap((method) => {
    const operation = item[method];
    if (operation === undefined) return [];
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
    return [{ path, method: method.toUpperCase(), parameters, body: resolve(operation.requestBody) }];
  }),
);

/** A path with something for each parameter; a number fits more of them than a word. */
const fill = (path) => path.replaceAll(/\{[^}]+\}/g, '1');

test(`a document with ${operations.length} operations refuses what it does not describe`, async (t) => {
  const seen = [];
  const target = await listen(t, (req, res) => {
    seen.push(`${req.method} ${req.url}`);
    req.resume().on('end', () => res.end());
  });
  const startedAtMs = performance.now();
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/svc', target, auth: 'none', openapi: FILE, rateLimits: [] }] },
  });
  t.diagnostic(`ready after ${Math.round(performance.now() - startedAtMs)} ms`);
  const send = (method, path, options) => ask(`${gateway.url}/`, { method, path: `/svc${path}`, ...options });

  assert.equal((await send('GET', '/no/such/path/at/all')).status, 404);
  const counts = { described: 0, passed: 0, query: 0, body: 0 };
  for (const { path, method, parameters, body } of operations) {
    const filled = fill(path);
    assert.equal((await send('MKCOL', filled)).status, 405, path);
    if (method === 'GET') {
      counts.described += 1;
      if ((await send('GET', filled)).status === 200) counts.passed += 1;
    }
    const number = parameters.find((one) => one.in === 'query' && resolve(one.schema)?.type === 'integer');
    if (number !== undefined) {
      counts.query += 1;
      const answer = await send(method, `${filled}?${number.name}=many`);
      assert.equal(answer.status, 400, path);
      assert.ok(
        answer.json.errors.some(({ pointer }) => pointer === `/${number.name}`),
        answer.text,
      );
    }
    if (resolve(body?.content?.['application/json']?.schema)?.type !== 'object') continue;
    counts.body += 1;
    const headers = { 'content-type': 'application/json' };
    const answer = await send(method, filled, { headers: { ...headers, 'content-length': '6' }, body: '"text"' });
    assert.equal(answer.status, 400, path);
    assert.equal((await send(method, filled, { headers, body: '{"a":1,"a":2}' })).status, 400, path);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.equal(seen.length, counts.passed, 'nothing else has reached the service');
  assert.ok(counts.passed > 0 && counts.query > 0);
});
