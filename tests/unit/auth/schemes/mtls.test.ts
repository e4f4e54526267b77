import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { hashApiKey } from '../../../../src/auth/api-key-format.ts';
import { checkConsumers, consumerRow } from '../../../../src/auth/consumers.ts';
import { authenticateStage } from '../../../../src/stages/authenticate.ts';
import { codeOf, compile, createDeps, createRequest, run } from '../../../support/auth.ts';

const openssl = spawnSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=app',
    '-days',
    '3650',
    '-keyout',
    '/dev/null',
  ],
  { encoding: 'utf8' },
);
const needsOpenssl = { skip: openssl.status !== 0 && 'openssl is not installed (apt-get install openssl)' };

test('a certificate counts only from a load balancer that is trusted', needsOpenssl, async () => {
  const certificate = new X509Certificate(openssl.stdout);
  const consumers = [{ name: 'app', certificates: [{ sha256: certificate.fingerprint256 }] }];
  const { deps, time } = createDeps();
  time.nowMs = certificate.validFromDate.getTime() + 1000;
  const handler = compile(authenticateStage, { options: { auth: 'mtls' }, file: { consumers }, deps });
  const call = async (value: string, peerTrusted = true) => {
    const context = createRequest({ headers: [['Client-Cert', value]] });
    context.peerTrusted = peerTrusted;
    return { code: codeOf(await run(handler, context)), consumer: context.consumer?.name };
  };
  const der = `:${certificate.raw.toString('base64')}:`;
  assert.deepEqual(await call(der), { code: undefined, consumer: 'app' });
  assert.deepEqual(await call(encodeURIComponent(openssl.stdout)), { code: undefined, consumer: 'app' });
  assert.equal((await call(der, false)).code, 'unauthenticated');
  assert.equal((await call('nonsense')).code, 'invalid_credential');
  time.nowMs = certificate.validToDate.getTime();
  assert.equal((await call(der)).code, 'invalid_credential', 'it has expired');
});

test('one certificate is that of one consumer, however its fingerprint is written', () => {
  const bare = hashApiKey('a certificate');
  const colons = bare.toUpperCase().match(/../g)?.join(':') ?? '';
  const rows = ['one', 'two'].map((name, index) =>
    consumerRow.parse({ name, certificates: [{ sha256: index === 0 ? bare : colons }] }),
  );
  const faults: string[] = [];
  checkConsumers({ consumers: rows, groups: {} }, [], (path, message) => faults.push(`${path.join('/')}: ${message}`));
  assert.deepEqual(faults, [
    'consumers/1/certificates/0/sha256: the same certificate belongs to consumer "one" already',
  ]);
});
