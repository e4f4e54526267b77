import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { readFragments } from '../support/documents.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { NOWHERE, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const hasTools = ['bash', 'jq'].every((tool) => spawnSync(tool, ['--version']).status === 0);

/** What of the log the commands would find, had all of it happened: made from a real line. */
const STAGED = [
  { upstreamMs: 900, totalMs: 950 },
  { gatewayMs: 200 },
  { attempts: 2 },
  { outcome: 'headers-timeout', code: 'headers_timeout', status: 504 },
  { code: 'internal', status: 500, cause: 'Error: x' },
];

test('every command of docs/incidents.md that reads the log finds what it is for', {
  skip: hasTools ? false : 'bash and jq are needed',
}, async (t) => {
  const commands = readFragments()
    .filter(({ file, language }) => file === 'docs/incidents.md' && language === 'sh')
    .flatMap(({ text }) => text.trim().split('\n'))
    .filter((line) => line.includes('access.log'));
  assert.ok(commands.length >= 9, `${commands.length} commands`);

  const service = await startService(t);
  const expired = createApiKey();
  const gone = NOWHERE;
  const gateway = await startGateway(t, {
    file: {
      consumers: [
        { name: 'big', keys: [{ id: 'k1', sha256: hashApiKey(expired), expiresAt: '2026-01-01T00:00:00Z' }] },
      ],
      services: { gone: { targets: [gone, service.url] } },
      routes: [
        { prefix: '/gone', target: gone, auth: 'none' },
        { prefix: '/retried', service: 'gone', auth: 'none' },
        { prefix: '/keyed', target: service.url, auth: 'api-key' },
        { prefix: '/limited', target: service.url, auth: 'none', rateLimits: [{ limit: 1, window: '1h' }] },
      ],
    },
  });
  for (const place of ['/gone', '/retried/1', '/retried/2', '/retried/3', '/limited', '/limited', '/none'])
    await ask(gateway.url + place);
  await ask(`${gateway.url}/keyed`, { headers: { 'x-api-key': expired } });
  const lines = await until(() => (gateway.accessLines.length >= 8 ? gateway.accessLines : undefined));
  const model = JSON.parse(lines.find((line) => line.includes('/retried')) ?? '{}') as object;
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-incidents-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const staged = STAGED.map((fields) => JSON.stringify({ ...model, ...fields }));
  writeFileSync(path.join(folder, 'access.log'), `${[...lines, ...staged].join('\n')}\n`);

  for (const command of commands) {
    const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${command}\n${stderr}`);
    assert.match(stdout, /\w/, `nothing found by ${command}`);
    assert.doesNotMatch(stdout, /^\s*\d+ null|undefined/m, command);
  }
});
