import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import type { CommandSpec } from '../../../../src/cli/command.ts';
import { EXIT } from '../../../../src/cli/io.ts';
import { COMMAND_SPECS, findCommand } from '../../../../src/cli/table/table.ts';
import { runCli } from '../../../../src/cli.ts';

async function run(...argv: string[]) {
  let out = '';
  let err = '';
  const code = await runCli(argv, { out: (text) => (out += text), err: (text) => (err += text), env: {} });
  return { code, out, err };
}

const all: readonly CommandSpec[] = COMMAND_SPECS.flatMap((spec) => [spec, ...(spec.commands ?? [])]);

test('the list of commands has each of them, in a line of 80 columns', async () => {
  const { code, out, err } = await run('help');
  assert.deepEqual([code, err], [EXIT.ok, '']);
  for (const { name, summary } of COMMAND_SPECS)
    assert.match(out, new RegExp(`^ {2}${name} +${summary.slice(0, 9)}`, 'm'));
  assert.deepEqual(
    out.split('\n').filter(({ length }) => length > 80),
    [],
  );
});

for (const spec of all) {
  const words = spec.name.split(' ');

  test(`help of ${spec.name} is the same however it is asked for, and has all parts`, async () => {
    const { code, out, err } = await run('help', ...words);
    assert.deepEqual([code, err], [EXIT.ok, '']);
    assert.deepEqual((await run(...words, '--help')).out, out);
    assert.deepEqual((await run(...words, '-h')).out, out);
    const heads = out.match(/^[A-Z][a-z ]+:$/gm)?.filter((head) => head !== 'Commands:');
    assert.deepEqual(heads, ['Usage:', 'Options:', 'Examples:', 'Exit codes:']);
    for (const option of Object.keys(spec.options)) assert.ok(out.includes(`--${option}`), option);
    for (const exit of Object.keys(spec.exits) as (keyof typeof EXIT)[])
      assert.match(out, new RegExp(`^ {2}${EXIT[exit]} +\\w`, 'm'));
    // What can be typed is never broken.
    const prose = out.split('\n').filter((line) => !line.includes('turnpike'));
    assert.deepEqual(
      prose.filter(({ length }) => length > 80),
      [],
    );
  });

  test(`the examples and the usage of ${spec.name} have options that it takes`, () => {
    assert.ok(spec.examples.length > 0);
    for (const [call] of spec.examples) {
      const [own = ''] = call.split(/ (?:--(?= )|[>|]) /);
      const argv = (own.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
      const found = findCommand(argv);
      assert.ok(found === spec || found?.name.startsWith(spec.name), call);
      parseArgs({ args: argv.slice(words.length), options: spec.options, allowPositionals: true, strict: true });
    }
    for (const call of spec.usage) {
      for (const [, option = ''] of call.matchAll(/--([a-z][a-z-]*)/g))
        assert.ok(Object.hasOwn(spec.options, option), `${call}: --${option}`);
    }
  });

  test(`an option that ${spec.name} does not have is a wrong call, with what was meant`, async () => {
    const { code, out, err } = await run(...words, '--helb');
    assert.deepEqual([code, out], [EXIT.usage, '']);
    assert.match(err, /there is no option "--helb" \(did you mean "--help"\?\)/);
    assert.match(err, new RegExp(`turnpike help ${spec.name} says more`));
  });
}

test('a command that there is not is a wrong call, with what was meant', async () => {
  assert.deepEqual(await run('staus'), {
    code: 64,
    out: '',
    err: 'turnpike: there is no command "staus" (did you mean "status"?)\n\nturnpike help lists what there is.\n',
  });
  assert.match((await run('help', 'recnt')).err, /did you mean "recent"/);
  assert.match((await run('key', 'crate')).err, /did you mean "create"/);
  assert.equal((await run('constructor')).code, 64);
});

test('what stands behind -- is not looked at for our own options', async () => {
  const { out } = await run('explain', '--file', 'no-such.json', '--', 'curl', '--help', 'localhost/');
  assert.equal(out, '');
});
