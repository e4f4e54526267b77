import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { COMMAND_SPECS } from '../../src/cli/table/table.ts';
import { runCli } from '../../src/cli.ts';
import { configFolder } from '../support/config-files.ts';

const START = join(import.meta.dirname, '../../src/start.cjs');
const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
const isRequired = (shell: string): boolean => (process.env['TURNPIKE_REQUIRE'] ?? '').split(',').includes(shell);
const NO_BASH = has('bash') ? false : 'bash is not installed';
const NO_ZSH = has('zsh') || isRequired('zsh') ? false : 'zsh is not installed (apt-get install zsh)';

const scripts: Record<string, string> = {};

before(async () => {
  for (const shell of ['bash', 'zsh']) {
    let out = '';
    await runCli(['completion', shell], { out: (text) => (out += text), err: () => undefined, env: {} });
    scripts[shell] = out;
  }
});

const ROUTES = {
  services: { users: { targets: ['http://localhost:4001'] }, orders: { targets: ['http://localhost:4002'] } },
  consumers: [{ name: 'mobile-app' }, { name: '$(touch pwned)' }],
  routes: [
    { prefix: '/api/users', service: 'users', auth: 'none' },
    { name: 'my orders', prefix: '/api/orders', service: 'orders', auth: 'none' },
  ],
};

function folderWith(t: TestContext): string {
  return configFolder(t, { 'routes.json': ROUTES, 'other.json': {}, 'openapi.yaml': 'x' });
}

/** What bash offers for a line whose last word is being typed. */
function complete(folder: string, ...words: string[]): readonly string[] {
  const script = join(folder, 'completion.bash');
  writeFileSync(script, scripts['bash'] ?? '');
  const quoted = ['turnpike', ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const program = [
    `. '${script}'`,
    `turnpike() { '${process.execPath}' '${START}' "$@"; }`,
    `COMP_WORDS=(${quoted.join(' ')})`,
    `COMP_CWORD=${words.length}`,
    '_turnpike turnpike',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ];
  const { PATH = '' } = process.env;
  const ran = spawnSync('bash', ['--norc', '-c', program.join('\n')], { cwd: folder, env: { PATH }, encoding: 'utf8' });
  assert.deepEqual([ran.status, ran.stderr], [0, ''], words.join(' '));
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}

test('bash completes commands, sub-commands and options', { skip: NO_BASH }, (t) => {
  const folder = folderWith(t);
  assert.deepEqual(complete(folder, ''), COMMAND_SPECS.map(({ name }) => name).toSorted());
  assert.deepEqual(complete(folder, 'sta'), ['start', 'status']);
  assert.deepEqual(complete(folder, 'key', ''), ['create', 'list', 'revoke', 'rotate']);
  assert.deepEqual(complete(folder, 'key', 'ro'), ['rotate']);
  assert.deepEqual(complete(folder, 'check', '--s'), ['--strict']);
  assert.deepEqual(complete(folder, 'key', 'list', '--'), [
    '--admin',
    '--consumer',
    '--file',
    '--help',
    '--no-color',
    '--redis',
  ]);
  // An option before the sub-command, with its value, is no word of its own.
  assert.deepEqual(complete(folder, 'key', '--consumer', 'list', 'ro'), ['rotate']);
  assert.deepEqual(complete(folder, 'nonsense', ''), []);
});

test('bash completes values: files, folders, words, codes, and names of the routes file', { skip: NO_BASH }, (t) => {
  const folder = folderWith(t);
  assert.deepEqual(complete(folder, 'check', 'o'), ['openapi.yaml', 'other.json']);
  assert.deepEqual(complete(folder, 'routes', '--file', 'oth'), ['other.json']);
  assert.deepEqual(complete(folder, 'routes', '--file', '=', 'oth'), ['other.json']);
  assert.deepEqual(complete(folder, 'usage', '--format', ''), ['csv', 'json']);
  assert.deepEqual(complete(folder, 'errors', 'circ'), ['circuit_open']);
  assert.deepEqual(complete(folder, 'breaker', ''), ['orders', 'users']);
  assert.deepEqual(complete(folder, 'breaker', 'users', ''), ['auto', 'closed', 'open']);
  assert.deepEqual(complete(folder, 'breaker', 'users', 'open', ''), []);
  assert.deepEqual(complete(folder, 'recent', '--route', ''), ['/api/users', 'my\\ orders']);
  assert.deepEqual(complete(folder, 'recent', '--route', 'my\\ o'), ['my\\ orders']);
  assert.deepEqual(complete(folder, 'token', '--sub', ''), []);
});

test('what a file says is only ever a word, and a file that is broken offers nothing', { skip: NO_BASH }, (t) => {
  const folder = folderWith(t);
  assert.deepEqual(complete(folder, 'recent', '--consumer', ''), ['\\$\\(touch\\ pwned\\)', 'mobile-app']);
  assert.equal(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout.includes('pwned'), false);
  writeFileSync(join(folder, 'routes.json'), '{ "routes": [ { "prefix": ');
  assert.deepEqual(complete(folder, 'recent', '--route', ''), []);
});

test('the script for zsh can be read by zsh, and its words are those of bash', { skip: NO_ZSH }, (t) => {
  const folder = configFolder(t, {});
  const script = join(folder, '_turnpike');
  writeFileSync(script, scripts['zsh'] ?? '');
  assert.equal(spawnSync('zsh', ['-n', script]).status, 0);
  const program = `compdef() { :; }; . '${script}'; _turnpike_subs key; _turnpike_value 'recent --code'`;
  assert.equal(
    spawnSync('zsh', ['-f', '-c', program], { encoding: 'utf8' }).stdout,
    'create list rotate revoke\ncode\n',
  );
});

test('both scripts have the same tables, in the words of POSIX shells', { skip: NO_BASH }, () => {
  const tablesOf = (script = ''): string =>
    script.slice(script.indexOf('_turnpike_options()'), script.indexOf('\n_turnpike()'));
  assert.ok(tablesOf(scripts['bash']).length > 2000);
  assert.equal(tablesOf(scripts['zsh']), tablesOf(scripts['bash']));
  const posix = spawnSync('bash', ['--posix', '-n'], { input: tablesOf(scripts['bash']) });
  assert.equal(posix.status, 0);
});
