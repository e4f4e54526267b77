import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { parse } from 'jsonc-parser';
import { readFragments } from '../support/documents.ts';
import { startGateway } from '../support/gateway.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKEN = 'a-token-of-decent-length';
const fragments = readFragments().filter(({ file }) => file === 'docs/customers.md');
const hasTools = ['bash', 'curl'].every((tool) => spawnSync(tool, ['--version']).status === 0);
const skip = hasTools ? needsRedis.skip : 'bash and curl are needed';

test('docs/customers.md: the portal works step by step as it stands there', { skip }, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const service = await startService(t);
  const written = fragments.find(({ language }) => language === 'json')?.text ?? '';
  const file = parse(written.replaceAll('http://localhost:4001', service.url)) as object;
  const options = { file, env: { ADMIN_TOKEN: TOKEN }, redis: { url: redis.url, ...PATIENT } };
  const gateway = await startGateway(t, options);
  await until(() => gateway.deps.redis?.isUp);
  const flow = fragments.find(({ text }) => text.startsWith('ADMIN='))?.text ?? '';
  const expected = [...flow.matchAll(/ # (\d{3})$/gm)].map(([, status = '']) => status);
  assert.ok(expected.length > 10, 'the steps are there');
  const script = flow
    .replace(/^ADMIN=.*$/m, `ADMIN=${gateway.adminUrl}`)
    .replace(/^GATEWAY=.*$/m, `GATEWAY=${gateway.url}`);
  const { PATH = '' } = process.env;
  const prelude = `curl() { command curl -w '%{stderr}<<%{http_code}>>' "$@"; }\n`;
  const child = spawn('bash', ['-c', prelude + script], { env: { PATH, ADMIN_TOKEN: TOKEN }, timeout: 30_000 });
  let told = '';
  child.stderr.on('data', (chunk) => {
    told += String(chunk);
  });
  child.stdout.resume();
  await once(child, 'close');
  const statuses = [...told.matchAll(/<<(\d{3})>>/g)].map(([, status = '']) => status);
  assert.deepEqual(statuses, expected, told);
});
