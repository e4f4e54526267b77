import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError, renderConfigError } from '../../../src/config/config-error.ts';
import { parseSettings } from '../../../src/config/env.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

const SECRET = 'x'.repeat(32);

/** What is wrong with these variables, as `NAME message`. */
function complaints(env: NodeJS.ProcessEnv): string[] {
  return faultsOf(() => parseSettings(env)).map(({ path, message }) => `${path} ${message}`);
}

function keyFile(t: TestContext, key: KeyObject): string {
  const type = key.type === 'private' ? 'pkcs8' : 'spki';
  return join(configFolder(t, { 'key.pem': key.export({ type, format: 'pem' }).toString() }), 'key.pem');
}

test('without any variable everything has its default', () => {
  const { logFormat, ...settings } = parseSettings({});
  assert.ok(logFormat === 'json' || logFormat === 'pretty');
  assert.deepEqual(settings, {
    port: 3000,
    host: '0.0.0.0',
    adminPort: 9901,
    adminHost: '127.0.0.1',
    adminToken: undefined,
    routesFile: resolve('routes.json'),
    logLevel: 'info',
    trustProxy: { kind: 'none' },
    corsOrigins: [],
    jwt: undefined,
    redisUrl: undefined,
    maxInFlightPerAddress: 500,
    keepAliveMs: 65_000,
    drainDelayMs: 5000,
    shutdownTimeoutMs: 25_000,
    healthDetails: true,
    consulHttpAddr: 'http://localhost:8500',
    consulHttpToken: undefined,
  });
});

test('an empty variable counts as not set', () => {
  assert.equal(parseSettings({ PORT: '', REDIS_URL: ' ', JWT_SECRET: '' }).port, 3000);
});

test('every wrong variable is told at once, with what to do', () => {
  const env = {
    PORT: '70000',
    LOG_LEVEL: 'loud',
    DRAIN_DELAY: '5',
    HEALTH_DETAILS: 'maybe',
    REDIS_URL: 'localhost',
  };
  const text = renderConfigError(new ConfigError(faultsOf(() => parseSettings(env))));
  for (const name of Object.keys(env)) assert.match(text, new RegExp(`environment ${name}  is `));
  assert.match(text, /5 faults/);
  assert.match(text, /Write it like "5s"/);
});

test('MAX_IN_FLIGHT_PER_ADDRESS is a whole number of at least one', () => {
  assert.equal(parseSettings({ MAX_IN_FLIGHT_PER_ADDRESS: '20' }).maxInFlightPerAddress, 20);
  for (const text of ['0', '-1', '1.5', 'many', '10000000']) {
    assert.deepEqual(complaints({ MAX_IN_FLIGHT_PER_ADDRESS: text }), [
      'MAX_IN_FLIGHT_PER_ADDRESS is not a number from 1 to 1000000',
    ]);
  }
});

test('.env.example lists exactly the settings that are read', () => {
  const read = new Set<string>();
  parseSettings(new Proxy({}, { get: (_, name) => void read.add(String(name)) }));
  const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
  const listed = [...example.matchAll(/^#?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), [...read].sort());
});

/** Networks none of which is everybody, and which are it together. */
const COVERING = [
  '0.0.0.0/1,128.0.0.0/1',
  '128.0.0.0/2, 10.0.0.0/8, 192.0.0.0/3, 0.0.0.0/1',
  '200.1.2.3/1,0.0.0.0/1',
  '::/1,8000::/1',
  '2000::/3',
  '2000::/4,3000::/4',
  '::ffff:0:0/96',
  '::ffff:0.0.0.0/97,128.0.0.0/1',
];

for (const [text, expected] of [
  ['128.0.0.0/1, 0.0.0.0/2', { kind: 'networks', networks: ['128.0.0.0/1', '0.0.0.0/2'] }],
  ['fe80::/10, 2001:db8::/32', { kind: 'networks', networks: ['fe80::/10', '2001:db8::/32'] }],
  ['0', { kind: 'hops', hops: 0 }],
  ['2', { kind: 'hops', hops: 2 }],
  ['10.0.0.0/8, ::1', { kind: 'networks', networks: ['10.0.0.0/8', '::1/128'] }],
  ['192.168.1.7', { kind: 'networks', networks: ['192.168.1.7/32'] }],
] as const) {
  test(`TRUST_PROXY=${text} is understood`, () => {
    assert.deepEqual(parseSettings({ TRUST_PROXY: text }).trustProxy, expected);
  });
}

for (const text of ['true', 'TRUE', '*', 'all', '0.0.0.0/0', '10.0.0.0/8,::/0', ...COVERING]) {
  test(`TRUST_PROXY=${text} would trust everybody and is refused`, () => {
    assert.deepEqual(complaints({ TRUST_PROXY: text }), [
      'TRUST_PROXY would trust everybody, so that any client could forge its address',
    ]);
  });
}

test('TRUST_PROXY takes no names and no malformed networks', () => {
  assert.equal(complaints({ TRUST_PROXY: 'loopback' }).length, 1);
  assert.equal(complaints({ TRUST_PROXY: '10.0.0.0/33' }).length, 1);
  assert.equal(complaints({ TRUST_PROXY: '10.0.0.0/8/8' }).length, 1);
});

test('CORS_ORIGINS takes exact origins and says what was probably meant', () => {
  const origins = 'http://localhost:5173, https://app.example.com, capacitor://localhost';
  assert.deepEqual(parseSettings({ CORS_ORIGINS: origins }).corsOrigins, origins.split(', '));
  assert.deepEqual(parseSettings({ CORS_ORIGINS: '*' }).corsOrigins, ['*']);
  const [fault] = faultsOf(() => parseSettings({ CORS_ORIGINS: 'https://App.example.com:443/' }));
  assert.equal(fault?.hint, 'Did you mean "https://app.example.com"?');
  for (const bad of ['app.example.com', 'https://*.example.com', 'null', '*,https://a.example']) {
    assert.equal(complaints({ CORS_ORIGINS: bad }).length, 1, bad);
  }
});

test('the admin port needs a token anywhere but on loopback', () => {
  assert.match(complaints({ ADMIN_HOST: '0.0.0.0' })[0] ?? '', /^ADMIN_TOKEN is needed/);
  assert.match(complaints({ ADMIN_TOKEN: 'short' })[0] ?? '', /^ADMIN_TOKEN has fewer than 16/);
  assert.equal(parseSettings({ ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: SECRET }).adminToken, SECRET);
  for (const host of ['127.0.0.1', '127.0.1.1', '::1', 'localhost']) {
    assert.equal(parseSettings({ ADMIN_HOST: host }).adminHost, host);
  }
});

test('the two ports must differ, and the drain must end before the shutdown', () => {
  assert.match(complaints({ PORT: '9901' })[0] ?? '', /^ADMIN_PORT is the same/);
  assert.match(complaints({ DRAIN_DELAY: '30s' })[0] ?? '', /^DRAIN_DELAY is not shorter/);
  assert.equal(parseSettings({ PORT: '0', ADMIN_PORT: '0' }).port, 0);
});

test('a JWT secret below 32 bytes is refused without being repeated', () => {
  const faults = faultsOf(() => parseSettings({ JWT_SECRET: 'hunter2-hunter2' }));
  assert.match(faults[0]?.message ?? '', /has 15 bytes, and an HMAC secret needs at least 32/);
  assert.ok(!JSON.stringify(faults).includes('hunter2'));
});

test('the algorithm follows from the key', (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  assert.deepEqual(parseSettings({ JWT_SECRET: SECRET }).jwt?.algorithms, ['HS256']);
  assert.deepEqual(parseSettings({ JWT_PUBLIC_KEY_FILE: keyFile(t, rsa) }).jwt?.algorithms, ['RS256']);
  assert.deepEqual(parseSettings({ JWT_PUBLIC_KEY_FILE: keyFile(t, ec) }).jwt?.algorithms, ['ES384']);
});

test('algorithms that do not fit the key are refused', (t) => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  assert.match(
    complaints({ JWT_SECRET: SECRET, JWT_ALGORITHMS: 'RS256' })[0] ?? '',
    /does not fit the key in JWT_SECRET/,
  );
  assert.match(complaints({ JWT_SECRET: SECRET, JWT_ALGORITHMS: 'none' })[0] ?? '', /is no algorithm/);
  const env = { JWT_PUBLIC_KEY_FILE: keyFile(t, ec), JWT_ALGORITHMS: 'ES256,HS256,ES512' };
  assert.equal(complaints(env).length, 2);
});

test('a secret that is shorter than the hash of its algorithm is refused', () => {
  const env = { JWT_SECRET: 'x'.repeat(48), JWT_ALGORITHMS: 'HS384,HS512' };
  assert.match(complaints(env)[0] ?? '', /"HS512" does not fit the key in JWT_SECRET/);
  assert.equal(complaints(env).length, 1);
});

test('JWT_PUBLIC_KEY_FILE must be a public key of use', (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const edwards = generateKeyPairSync('ed448').publicKey;
  const garbage = join(configFolder(t, { 'key.pem': 'hello' }), 'key.pem');
  for (const [file, message] of [
    ['/nowhere.pem', /can't be read: ENOENT/],
    [garbage, /holds no public key/],
    [keyFile(t, rsa.privateKey), /holds a private key/],
    [keyFile(t, small), /RSA key of 1024 bits/],
    [keyFile(t, edwards), /key of type ed448/],
  ] as const) {
    assert.match(complaints({ JWT_PUBLIC_KEY_FILE: file })[0] ?? '', message);
  }
});

test('the environment names one issuer: one key, and nothing without a key', () => {
  const jwks = { JWT_JWKS_URL: 'https://login.example.com/jwks' };
  assert.match(complaints({ JWT_SECRET: SECRET, ...jwks })[0] ?? '', /^JWT_JWKS_URL is set beside JWT_SECRET/);
  assert.match(complaints({ JWT_ISSUER: 'a' })[0] ?? '', /^JWT_ISSUER has no key to go with/);
  const { jwt } = parseSettings({ ...jwks, JWT_AUDIENCE: 'api, web' });
  assert.deepEqual(
    [jwt?.audience, jwt?.algorithms],
    [
      ['api', 'web'],
      ['RS256', 'ES256'],
    ],
  );
});

test('a key set is fetched over https, or over http from loopback', () => {
  assert.match(complaints({ JWT_JWKS_URL: 'http://login.example.com/jwks' })[0] ?? '', /not an https address/);
  assert.match(complaints({ JWT_JWKS_URL: 'jwks.json' })[0] ?? '', /not an https address/);
  assert.equal(
    parseSettings({ JWT_JWKS_URL: 'http://127.0.0.1:8080/jwks' }).jwt?.jwksUrl,
    'http://127.0.0.1:8080/jwks',
  );
});

test('REDIS_URL and CONSUL_HTTP_ADDR are not repeated when they are wrong', () => {
  const env = { REDIS_URL: 'redisx://user:hunter2@r', CONSUL_HTTP_ADDR: 'ftp://user:hunter2@c' };
  const faults = faultsOf(() => parseSettings(env));
  assert.equal(faults.length, 2);
  assert.ok(!JSON.stringify(faults).includes('hunter2'));
});

test('CONSUL_HTTP_ADDR may leave out the scheme, as Consul allows', () => {
  assert.equal(parseSettings({ CONSUL_HTTP_ADDR: '10.1.1.1:8500' }).consulHttpAddr, 'http://10.1.1.1:8500');
});
