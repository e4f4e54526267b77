import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { SECRET } from '../../support/auth.ts';
import { runCommand } from '../../support/cli.ts';
import { configFolder } from '../../support/config-files.ts';

const TERMINAL = { out: true, err: true };
const ESCAPE = '\u001b';

const ROUTE = { prefix: '/a', target: 'http://localhost:4001', auth: 'none' };
const CASES = {
  cases: [
    { name: 'it passes', request: { url: '/a' }, expect: { status: 200 } },
    { name: 'it does not', request: { url: '/b' }, expect: { status: 200 } },
  ],
};

/** Calls of what people read that ask no gateway; others are tried in operating-commands.test.ts. */
const CALLS: readonly (readonly string[])[] = [
  ['help'],
  ['help', 'key', 'create'],
  ['errors'],
  ['errors', 'rate_limited'],
  ['check', 'ROUTES'],
  ['check', 'ROUTES', '--strict'],
  ['explain', '--file', 'ROUTES', '/a'],
  ['explain', '--file', 'ROUTES', '/nowhere'],
  ['routes', '--file', 'ROUTES'],
  ['test', 'CASES', '--file', 'ROUTES'],
];

function fill(t: TestContext): (words: readonly string[]) => string[] {
  const folder = configFolder(t, { 'routes.json': { routes: [ROUTE] }, 'cases.json': CASES });
  const files: Readonly<Record<string, string>> = { ROUTES: 'routes.json', CASES: 'cases.json' };
  return (words) => words.map((word) => (files[word] === undefined ? word : join(folder, files[word])));
}

/** Times and IDs of one run are not those of the next. */
const steady = (text: string): string => text.replaceAll(/\d+ ms|[\da-f]{8}[\da-f-]{8,}/g, '?');

for (const words of CALLS) {
  test(`${words.join(' ')} has colours on a terminal alone, and says the same without`, async (t) => {
    const argv = fill(t)(words);
    const env = { JWT_SECRET: SECRET, TERM: 'xterm' };
    const piped = await runCommand(argv, { env });
    assert.ok(!`${piped.out}${piped.err}`.includes(ESCAPE), piped.out);
    const shown = await runCommand(argv, { env, isTerminal: TERMINAL });
    assert.ok(`${shown.out}${shown.err}`.includes(ESCAPE), 'nothing has a colour');
    assert.equal(steady(stripVTControlCharacters(shown.out)), steady(piped.out));
    assert.equal(stripVTControlCharacters(shown.err), piped.err);
    assert.equal(shown.code, piped.code);
    for (const [more, set] of [
      [['--no-color'], {}],
      [[], { NO_COLOR: '1' }],
    ] as const) {
      const plain = await runCommand([...argv, ...more], { env: { ...env, ...set }, isTerminal: TERMINAL });
      assert.equal(steady(plain.out), steady(piped.out));
    }
    assert.equal(
      (await runCommand(argv, { env: { ...env, FORCE_COLOR: '1' } })).out.includes(ESCAPE),
      shown.out.includes(ESCAPE),
    );
  });
}

test('what a program reads has no colours, however they are forced', async (t) => {
  const filled = fill(t);
  const calls = [
    ['errors', '--json'],
    ['check', 'ROUTES', '--json'],
    ['explain', '--file', 'ROUTES', '/a', '--json'],
    ['routes', '--file', 'ROUTES', '--json'],
    ['test', 'CASES', '--file', 'ROUTES', '--json'],
    ['completion', 'bash'],
    ['schema', 'ROUTES'],
  ];
  for (const words of calls) {
    const { out } = await runCommand(filled(words), { env: { FORCE_COLOR: '1' }, isTerminal: TERMINAL });
    assert.ok(out !== '' && !out.includes(ESCAPE), words.join(' '));
  }
});
