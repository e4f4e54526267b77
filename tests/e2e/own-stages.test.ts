import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createFolder } from '../support/folders.ts';
import { ask } from '../support/http.ts';
import { startGatewayProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const CALLERS = 8;
const EDITS = 5;
const IN_FORCE_MS = 2_000;

const stage = (hook: string) => `import { defineStage } from 'turnpike';
import { version } from './version.ts';
export default defineStage({
  name: 'version',
  create: () => ({ async request(context) { ${hook} } }),
});
`;

/** A project folder with one own stage, and a gateway process that runs it. */
async function startProject(t: TestContext, hook: string) {
  const service = await startService(t);
  const cwd = createFolder(t);
  mkdirSync(join(cwd, 'stages'));
  const write = (name: string, text: string): void => {
    writeFileSync(join(cwd, 'stages', `${name}.tmp`), text);
    renameSync(join(cwd, 'stages', `${name}.tmp`), join(cwd, 'stages', name));
  };
  write('version.ts', "export const version = '0';");
  write('stage.ts', stage(hook));
  const routes = [
    { prefix: '/users', target: service.url, auth: 'none', use: ['./stages/stage.ts'] },
    { prefix: '/plain', target: service.url, auth: 'none' },
  ];
  writeFileSync(join(cwd, 'routes.json'), JSON.stringify({ routes }));
  return { write, gateway: await startGatewayProcess(t, { cwd }) };
}

test('a stage that is edited under load is in force within two seconds, and no request is lost', async (t) => {
  const hook = "await null; context.setClientHeader('x-version', version);";
  const { write, gateway } = await startProject(t, hook);
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  t.after(() => agent.destroy());
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  let answered = 0;
  const failures: string[] = [];
  const caller = async (): Promise<void> => {
    while (!isOver) {
      const outcome = await ask(`${gateway.url}/users/1`, { agent }).then(
        ({ status, headers }) => (headers['x-version'] === undefined ? 'without' : String(status)),
        String,
      );
      if (outcome === '200') answered += 1;
      else failures.push(outcome);
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  const versionNow = async () => (await ask(`${gateway.url}/users/1`)).headers['x-version'];
  for (let edit = 1; edit <= EDITS; edit++) {
    // By turns the stage itself, what it imports, and a stage that can't be used before it.
    if (edit === 3) {
      write('stage.ts', 'export default a b;');
      await gateway.says(/stage\.ts.* can't be used/);
      assert.equal(await versionNow(), '2');
    }
    const editedAtMs = performance.now();
    write('version.ts', `export const version = '${edit}';`);
    write('stage.ts', stage(`${hook} /* edit ${edit} */`));
    await until(async () => (await versionNow()) === String(edit), { what: `version ${edit}` });
    const tookMs = performance.now() - editedAtMs;
    assert.ok(tookMs < IN_FORCE_MS, `edit ${edit} took ${tookMs} ms`);
  }
  isOver = true;
  await Promise.all(callers);
  assert.deepEqual(failures, []);
  assert.ok(answered > 50, `only ${answered} answered`);
});

test('what a stage leaves behind ends neither the process nor another request', async (t) => {
  const hook = `const what = context.query.get('do');
      if (what === 'reject') void (async () => { await null; throw new Error('let go'); })();
      if (what === 'timer') setTimeout(() => { throw new Error('in a timer ' + version); }, 1);
      if (what === 'waits') { setTimeout(() => { throw new Error('while it waits'); }, 1); await new Promise(() => {}); }`;
  const { gateway } = await startProject(t, hook);
  assert.equal((await ask(`${gateway.url}/users/1?do=reject`)).status, 200);
  await gateway.says(/let go/);
  assert.equal((await ask(`${gateway.url}/users/1?do=timer`)).status, 200);
  await gateway.says(/in a timer/);
  const waited = await ask(`${gateway.url}/users/1?do=waits`);
  assert.deepEqual([waited.status, waited.json.code], [500, 'stage_failed']);
  assert.equal((await ask(`${gateway.url}/plain`)).status, 200);
  assert.equal(gateway.child.exitCode, null);
  const metrics = (await ask(`${gateway.adminUrl}/metrics`)).text;
  assert.match(metrics, /turnpike_own_stage_failures_total\{stage="version",reason="late"\} 2/);
});
