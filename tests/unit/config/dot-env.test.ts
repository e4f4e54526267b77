import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { scanDotEnv } from '../../../src/config/dot-env.ts';
import { parseSettings } from '../../../src/config/env.ts';
import { findStrayNames } from '../../../src/config/stray-names.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

const scan = (text: string, env: NodeJS.ProcessEnv = parseEnv(text)) => scanDotEnv(text, env);

test('a variable knows its line, past comments and values of several lines', () => {
  const { lines, strays } = scan('# PORT=1\r\n\r\nPORT=2\nKEY="a\nb c\nd" # e\n  export HOST = x\nEMPTY=\n');
  assert.deepEqual(
    [...lines],
    [
      ['PORT', 3],
      ['KEY', 4],
      ['HOST', 7],
      ['EMPTY', 8],
    ],
  );
  assert.deepEqual(strays, []);
});

test('a fault of a variable names its line in .env, unless one that is really set has won', () => {
  const text = 'LOG_LEVEL=debug\nPORT=99999\n';
  const places = (env: NodeJS.ProcessEnv) =>
    faultsOf(() => parseSettings(env, scan(text, env))).map(({ file, line, path }) => [file, line, path]);
  assert.deepEqual(places({ PORT: '99999' }), [['.env', 2, 'PORT']]);
  assert.deepEqual(places({ PORT: 'http' }), [['environment', 0, 'PORT']]);
});

test('what stands in .env and sets nothing is told, and never its value', (t) => {
  const text = [
    'LOG_LEVEL debug',
    'host: 127.0.0.1',
    'port=4000',
    'ADMIN_PASSWORD=hunter2hunter2',
    'RATE_LIMIT=5',
    'JWT_ROLES_CLAIM=realm_access.roles',
    'LOG_COLOUR=1',
    'POSTGRES_PASSWORD=hunter2hunter2',
    'REDIS_NAME=used',
  ].join('\n');
  const folder = configFolder(t, { 'routes.json': { routes: [{ prefix: '/${ENV:REDIS_NAME}' }] } });
  const told = findStrayNames(parseEnv(text), join(folder, 'routes.json'), scan(text)).join('\n');
  assert.deepEqual(told.split('\n'), [
    '.env:1 assigns nothing and is ignored: write LOG_LEVEL=value',
    '.env:2 assigns nothing and is ignored: write HOST=value',
    'ADMIN_PASSWORD is no setting and is ignored: did you mean "ADMIN_TOKEN"?',
    'JWT_ROLES_CLAIM is no setting and is ignored: this is "claims" of a row in "issuers" in routes.json',
    'LOG_COLOUR is no setting and is ignored: the settings that begin so are LOG_LEVEL, LOG_FORMAT, LOG_SAMPLE_SUCCESS, LOG_SLOW',
    'RATE_LIMIT is no setting and is ignored: this is "rateLimits" in routes.json',
    'port is no setting and is ignored: did you mean "PORT"?',
  ]);
  const elsewhere = findStrayNames({ port: '4000', LOG_COLOUR: '1' }, join(folder, 'routes.json'));
  assert.deepEqual(elsewhere, [], 'the environment is everybody’s');
});
