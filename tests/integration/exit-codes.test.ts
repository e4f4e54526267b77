import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/cli/io.ts';
import { COMMAND_SPECS } from '../../src/cli/table/table.ts';
import { SECRET } from '../support/auth.ts';
import { runCommand, startAdmin } from '../support/cli.ts';
import { configFolder } from '../support/config-files.ts';

/** Nobody listens there. */
const NOBODY = ['--admin', 'http://127.0.0.1:1'];

/** How each command is called wrongly, with a file that is not there, with one that is broken, and with no gateway. */
const CALLS: Readonly<Record<string, { wrong: string[][]; file?: string[]; gateway?: string[] }>> = {
  start: { wrong: [['now']] },
  dev: {
    wrong: [
      ['a', 'b'],
      ['--latency', 'x'],
      ['--fail', 'x'],
    ],
    file: ['FILE', '--port', '0', '--admin-port', '0'],
  },
  'log-level': { wrong: [['loud'], ['--for', '1m'], ['debug', '--for', 'x']], gateway: [] },
  init: { wrong: [['a', 'b']], file: ['--from', 'FILE', 'FOLDER'] },
  check: { wrong: [['a', 'b'], ['--strict=1']], file: ['FILE'] },
  test: { wrong: [['--record', 'x', 'y']], file: ['FILE'], gateway: ['--record', 'recorded.json'] },
  explain: {
    wrong: [[], ['/a', '/b', '/c'], ['/a', '--address', 'x']],
    file: ['--file', 'FILE', '/a'],
    gateway: ['/a'],
  },
  'what-if': { wrong: [[], ['a', 'b'], ['GOOD', '--max-refused', 'x']], file: ['FILE', ...NOBODY], gateway: ['GOOD'] },
  diff: { wrong: [[], ['a']], file: ['GOOD', 'FILE'] },
  routes: { wrong: [['x']], file: ['--file', 'FILE'], gateway: [] },
  openapi: {
    wrong: [
      ['a', 'b'],
      ['--server', 'x'],
    ],
    file: ['FILE'],
  },
  schema: { wrong: [['a', 'b']], file: ['FILE'] },
  status: { wrong: [['x'], ['--admin', 'nonsense']], gateway: [] },
  recent: { wrong: [['x'], ['--count', '0'], ['--status', '1'], ['--code', 'x']], gateway: [] },
  errors: {
    wrong: [
      ['a', 'b'],
      ['--status', 'x'],
      ['--source', 'x'],
    ],
  },
  usage: { wrong: [['x'], ['--month', 'x'], ['--format', 'xml']] },
  reload: { wrong: [['now']], gateway: [] },
  breaker: {
    wrong: [
      ['a', 'half'],
      ['a', 'open', 'b'],
    ],
    gateway: ['orders', 'open'],
  },
  purge: { wrong: [[], ['--all', '--tag', 'a']], gateway: ['--all'] },
  key: {
    wrong: [
      [],
      ['frobnicate'],
      ['create'],
      ['list', '--plan', 'x'],
      ['create', '--admin', 'nonsense', '--consumer', 'a'],
    ],
    file: ['list', '--file', 'FILE'],
    gateway: ['list'],
  },
  token: { wrong: [[], ['--sub', 'a', '--expires', 'x']] },
  'debug-token': { wrong: [['x'], ['--ttl', '2d']] },
  completion: { wrong: [[], ['fish'], ['bash', 'x']] },
  help: { wrong: [['nothing']] },
  version: { wrong: [['x']] },
};

/** What the commands ask. */
const PATHS = [
  '/overview',
  '/recent',
  '/reload',
  '/explain',
  '/what-if',
  '/routes',
  '/breakers/orders',
  '/cache/purge',
  '/consumers',
  '/log-level',
];

const ENV = { JWT_SECRET: SECRET, ADMIN_TOKEN: 'a-token-of-decent-length' };

function fill(t: TestContext) {
  const folder = configFolder(t, {
    'good.json': { routes: [{ prefix: '/a', target: 'http://localhost:1', auth: 'none' }] },
    'bad.json': '{ "routes": [ { "prefx": 1 } ',
  });
  return (words: readonly string[], file: string): string[] =>
    words.map((word) => {
      if (word === 'GOOD') return join(folder, 'good.json');
      if (word === 'FOLDER') return join(folder, 'made');
      return word === 'FILE' ? join(folder, file) : word;
    });
}

test('every command is tried here', () => {
  assert.deepEqual(Object.keys(CALLS).toSorted(), COMMAND_SPECS.map(({ name }) => name).toSorted());
});

for (const [name, { wrong, file, gateway }] of Object.entries(CALLS)) {
  test(`${name} called wrongly exits with 64, says why, and prints nothing`, async (t) => {
    const filled = fill(t);
    for (const words of [...wrong, ['--no-such-option']]) {
      const { code, out, err } = await runCommand([name, ...filled(words, '')], { env: ENV });
      assert.deepEqual([code, out], [EXIT.usage, ''], `${words.join(' ')}: ${err}`);
      assert.match(err, new RegExp(`^turnpike ${name}: .+\\n\\nUsage:\\n {2}turnpike ${name}`, 's'));
    }
  });

  if (file !== undefined) {
    test(`${name} with a file that is not there, or broken, exits with 78 and names it`, async (t) => {
      const filled = fill(t);
      for (const bad of ['missing.json', 'bad.json']) {
        // What stands in the file of what-if is the gateway's to judge.
        if (name === 'what-if' && bad === 'bad.json') continue;
        const { code, out, err } = await runCommand([name, ...filled(file, bad)], { env: ENV });
        assert.deepEqual([code, out], [EXIT.config, ''], err);
        assert.ok(err.includes(bad), err);
        assert.doesNotMatch(err, /\n {4}at /);
      }
    });
  }

  if (gateway !== undefined) {
    test(`${name} exits with 69 where no gateway answers, and 78 where the token is wrong`, async (t) => {
      const filled = fill(t);
      const words = [name, ...filled(gateway, '')];
      const { code, out, err } = await runCommand([...words, ...NOBODY], { env: ENV });
      assert.deepEqual([code, out], [EXIT.unavailable, ''], err);
      assert.match(err, /127\.0\.0\.1:1/);
      const problem = {
        status: 401,
        body: { code: 'unauthenticated', detail: 'Send "Authorization: Bearer" with ADMIN_TOKEN.' },
      };
      const admin = await startAdmin(t, Object.fromEntries(PATHS.map((path) => [path, () => problem])));
      const refused = await runCommand([...words, '--admin', admin.url], { env: ENV });
      assert.deepEqual([refused.code, refused.out], [EXIT.config, ''], refused.err);
      assert.match(refused.err, /ADMIN_TOKEN/);
    });

    test(`${name} exits with 69 where something else answers there, and what that says is no command to a terminal`, async (t) => {
      const filled = fill(t);
      const odd = { text: '\u001b]0;pwned\u0007<html>', status: 200 };
      const admin = await startAdmin(t, Object.fromEntries(PATHS.map((path) => [path, () => odd])));
      const { code, out, err } = await runCommand([name, ...filled(gateway, ''), '--admin', admin.url], { env: ENV });
      assert.deepEqual([code, out], [EXIT.unavailable, ''], err);
      assert.ok(!`${out}${err}`.includes('\u001b'));
    });
  }
}
