import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandIn } from '../../../src/cli/as-typed.ts';
import { renderStarter } from '../../../src/cli/starter.ts';
import { runCli } from '../../../src/cli.ts';

const CLONE = { npm_lifecycle_event: 'key', npm_package_name: 'turnpike' };
const NPX = { npm_lifecycle_event: 'npx' };

async function textOf(env: NodeJS.ProcessEnv, ...argv: string[]): Promise<string> {
  let text = '';
  const add = (more: string) => {
    text += more;
  };
  await runCli(argv, { out: add, err: add, env });
  return text;
}

test('a command is told as npm ran it: by a script of the clone, by npx, or by its name', () => {
  assert.equal(commandIn({}), 'turnpike');
  assert.equal(commandIn(CLONE), 'npm run turnpike --');
  assert.equal(commandIn({ npm_lifecycle_event: 'turnpike' }), 'npm run turnpike --');
  assert.equal(commandIn(NPX), 'npx turnpike');
  assert.equal(commandIn({ ...NPX, npm_package_name: 'turnpike' }), 'npx turnpike');
  // A script of the project that the package is installed in.
  assert.equal(commandIn({ npm_lifecycle_event: 'start', npm_package_name: 'shop' }), 'npx turnpike');
});

for (const argv of [
  ['--help'],
  ['start', '--help'],
  ['check', '--help'],
  ['init', '--help'],
  ['test', '--help'],
  ['what-if', '--help'],
  ['explain', '--help'],
  ['key', '--help'],
  ['token', '--help'],
  ['usage', '--help'],
  ['key'],
  ['key', 'create', '--nonsense'],
  ['check', '--nonsense'],
  ['chekc'],
  ['key', 'create', '--consumer', 'app', '--password-stdin'],
]) {
  test(`what ${argv.join(' ')} says can be typed as it stands`, async () => {
    for (const env of [CLONE, NPX]) {
      const calls = (await textOf(env, ...argv)).match(
        /(?:\S+ ){0,3}turnpike (?:-- )?(?:start|check|explain|test|what-if|init|key|token|usage|help)\b(?!:)/g,
      );
      assert.ok(calls !== null, argv.join(' '));
      for (const call of calls) assert.ok(call.includes(`${commandIn(env)} `), call);
    }
  });
}

test('the comments of the starter name commands that can be typed', () => {
  const text = renderStarter('./routes.schema.json', 'npm run turnpike --');
  assert.equal(text.match(/npm run turnpike -- key create/g)?.length, 2);
  assert.doesNotMatch(text, /(?<!npm run )turnpike key/);
});
