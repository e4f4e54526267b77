import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError, renderConfigError } from '../../../src/config/config-error.ts';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { configFolder, faultsOf, writeConfig } from '../../support/config-files.ts';
import { SAMPLE_STAGES } from '../../support/sample-stages.ts';

const SECRET = 'correct-horse-battery-staple';

function fileWith(t: TestContext, secret: string, more: Readonly<Record<string, unknown>> = {}): string {
  const main = { consumers: [{ name: 'app', secret }], routes: [{ prefix: '/a', target: 'x' }] };
  return join(configFolder(t, { 'routes.json': main, ...more }), 'routes.json');
}

test('a secret comes from the environment, alone or inside a string', (t) => {
  const file = fileWith(t, 'a-${ENV:SECRET}-b');
  const { config } = loadRoutesWith(SAMPLE_STAGES, file, { env: { SECRET } });
  assert.equal(config.consumers[0]?.secret, `a-${SECRET}-b`);
});

test('a secret comes from a file, without the line break at its end, relative to the routes file', (t) => {
  const file = fileWith(t, '${FILE:secrets/app}', { 'secrets/app': `${SECRET}\n` });
  assert.equal(loadRoutesWith(SAMPLE_STAGES, file).config.consumers[0]?.secret, SECRET);
});

test('other placeholders are left to whom they belong', (t) => {
  const file = fileWith(t, '${consumer.name} $ENV {ENV:X}');
  assert.equal(loadRoutesWith(SAMPLE_STAGES, file).config.consumers[0]?.secret, '${consumer.name} $ENV {ENV:X}');
});

test('a variable in the spelling of a shell is refused, with the one that works', (t) => {
  const spellings: readonly (readonly [string, string])[] = [
    ['http://${USERS_HOST}:1', '${USERS_HOST}'],
    ['http://$USERS_HOST:1', '$USERS_HOST'],
    ['$USERS_HOST', '$USERS_HOST'],
    ['a-${USERS_HOST:-localhost}', '${USERS_HOST:-localhost}'],
    ['${env:USERS_HOST}', '${env:USERS_HOST}'],
  ];
  for (const [text, stray] of spellings) {
    const [fault, ...others] = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, fileWith(t, text), { env: {} }));
    assert.deepEqual([fault?.line, fault?.message, others], [5, `${stray} stands for nothing`, []]);
    assert.match(fault?.hint ?? '', /\$\{ENV:USERS_HOST\}/);
  }
  for (const text of ['$${NAME}', 'costs $USD', '^/a$', '$1', '${claims.org}']) {
    assert.equal(loadRoutesWith(SAMPLE_STAGES, fileWith(t, text)).config.consumers[0]?.secret, text);
  }
});

test('a value is taken as it is: it can not bring placeholders or patterns along', (t) => {
  const file = fileWith(t, '${ENV:SECRET}');
  const { config } = loadRoutesWith(SAMPLE_STAGES, file, { env: { SECRET: '$& ${ENV:PATH} $1' } });
  assert.equal(config.consumers[0]?.secret, '$& ${ENV:PATH} $1');
});

test('a missing secret refuses the file, once and at its place', (t) => {
  const file = fileWith(t, '${ENV:NOWHERE}${FILE:/nowhere/x}');
  const faults = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, file, { env: {} }));
  assert.deepEqual(
    faults.map(({ line, path, message }) => [line, path, message]),
    [
      [
        5,
        '/consumers/0/secret',
        '${ENV:NOWHERE}: this environment variable is not set (one that was added to .env counts from the next start on)',
      ],
      [5, '/consumers/0/secret', "${FILE:/nowhere/x}: this file can't be read (ENOENT)"],
    ],
  );
});

test('a name that a missing secret should have given is not told a second time', (t) => {
  const folder = configFolder(t, { 'routes.json': { routes: [{ prefix: '/a', service: '${ENV:NOWHERE}' }] } });
  const faults = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: {} }));
  assert.equal(faults.length, 1);
});

test('no message ever holds the value of a secret, whoever made the message', (t) => {
  const main = {
    routes: [
      { prefix: '/a', service: '${ENV:SECRET}' },
      { prefix: '${FILE:s}', target: 'x' },
    ],
  };
  const folder = configFolder(t, { 'routes.json': main, s: `${SECRET}2` });
  const faults = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: { SECRET } }));
  const error = new ConfigError(faults);
  assert.equal(faults.length, 2);
  assert.ok(!`${renderConfigError(error)}${error.message}${error.stack}`.includes(SECRET));
  assert.match(faults[0]?.message ?? '', /there is no service "\$\{ENV:SECRET\}"/);
});

test('a secret that begins with another one is taken out whole', (t) => {
  const file = join(
    configFolder(t, {
      'routes.json': { defaultPlan: '${ENV:SHORT}', routes: [{ prefix: '/a', service: '${ENV:LONG}' }] },
    }),
    'routes.json',
  );
  const env = { SHORT: SECRET, LONG: `${SECRET}-and-more` };
  const [fault] = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, file, { env }));
  assert.equal(fault?.message, 'there is no service "${ENV:LONG}"');
});

test('the hash follows the values of secrets, so that a rotated one is a change', (t) => {
  const file = fileWith(t, '${ENV:SECRET}${FILE:app}', { app: 'one' });
  const hash = (secret: string) => loadRoutesWith(SAMPLE_STAGES, file, { env: { SECRET: secret } }).hash;
  const first = hash('one');
  assert.equal(hash('one'), first);
  assert.notEqual(hash('two'), first);
  writeConfig(join(file, '..'), 'app', 'two');
  assert.notEqual(hash('one'), first);
});
