import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFolder } from '../support/folders.ts';
import { ask } from '../support/http.ts';
import { startGatewayProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';

const FAIL = "() => { throw new Error('of a package'); }";

/** What packages do, and how a stage calls them. */
const PACKAGES = {
  subscriber: [
    `import channel from 'node:diagnostics_channel';
     export default () => {};
     channel.subscribe('http.server.request.start', ${FAIL});`,
    'request() { f(); }',
  ],
  warning: [`export default () => process.emitWarning('x'); process.on('warning', ${FAIL});`, 'request() { f(); }'],
  required: [
    `import deep from 'deep';
     export default (context) => { deep(); };`,
    'request(context) { f(context); }',
  ],
  abort: [
    `export default ({ signal }) => { signal.addEventListener('abort', ${FAIL}); return new Promise(() => {}); };`,
    'request(context) { return f(context); }',
  ],
  stream: [
    `import { PassThrough } from 'node:stream';
     export default () => new PassThrough().on('close', ${FAIL}).on('end', ${FAIL});`,
    'body() { return f(); }',
  ],
} as const;

test('what a package of a stage throws where nobody waits ends no more than a request', async (t) => {
  const { url } = await startService(t);
  const cwd = createFolder(t);
  const write = (path: string, text: string): void => {
    mkdirSync(join(cwd, path, '..'), { recursive: true });
    writeFileSync(join(cwd, path), text);
  };
  write('node_modules/deep/package.json', '{ "name": "deep", "main": "main.js" }');
  write('node_modules/deep/main.js', 'module.exports = require("./rest.js");');
  write(
    'node_modules/deep/rest.js',
    `require('node:diagnostics_channel').subscribe('http.server.response.finish', ${FAIL}); module.exports = () => {};`,
  );
  const routes: object[] = [{ prefix: '/plain', target: url, auth: 'none' }];
  for (const [name, [code, hooks]] of Object.entries(PACKAGES)) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, type: 'module', main: 'main.js' }));
    write(`node_modules/${name}/main.js`, code);
    write(
      `stages/${name}.mjs`,
      `import { defineStage } from 'turnpike'; import f from '${name}';
       export default defineStage({ name: '${name}', timeout: '100ms', create: () => ({ ${hooks} }) });`,
    );
    routes.push({ prefix: `/${name}`, target: url, auth: 'none', use: [`./stages/${name}.mjs`] });
  }
  write('routes.json', JSON.stringify({ routes }));
  const gateway = await startGatewayProcess(t, { cwd });
  for (const name of Object.keys(PACKAGES)) {
    await ask(`${gateway.url}/${name}`);
    assert.equal((await ask(`${gateway.url}/plain`)).status, 200, name);
  }
  await gateway.says(/of a package/);
  assert.doesNotMatch(gateway.stderr, /fatal/);
  assert.equal(gateway.child.exitCode, null);
});
