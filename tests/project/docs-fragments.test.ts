import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { type ParseError, parse } from 'jsonc-parser';
import { renderStarter } from '../../src/cli/starter.ts';
import { ConfigError, type Fault } from '../../src/config/config-error.ts';
import { parseSettings } from '../../src/config/env.ts';
import { loadRoutes, loadRoutesInSteps } from '../../src/config/load.ts';
import { SETTING_NAMES } from '../../src/config/stray-names.ts';
import { ERRORS, PROBLEM_BASE } from '../../src/errors.ts';
import { createAddressResolver } from '../../src/lib/client-address.ts';
import { inSlices } from '../../src/lib/steps.ts';
import { pemOf } from '../support/auth.ts';
import { configFolder, faultsOf } from '../support/config-files.ts';
import { type Fragment, readFragments } from '../support/documents.ts';

const FEWEST_FRAGMENTS = 20;
const FEWEST_COMMENTED = 3;
type Json = Readonly<Record<string, unknown>>;

// Case files are tried by case-examples.test.ts, and that of the tutorial by tutorial.test.ts.
const fragments = readFragments().filter(
  ({ file, language, text }) =>
    (language === 'json' || language === 'jsonc') && file !== 'docs/testing.md' && !/^ {2}"cases":/m.test(text),
);
const ROUTE = { prefix: '/x', target: 'http://localhost:4001' };

/** What a fragment may be a part of, and the file that it is then. */
const CONTEXTS: readonly ((part: Json) => object)[] = [
  (part) => part,
  (part) => ({ routes: [part] }),
  (part) => ({ routes: [{ ...ROUTE, ...part }] }),
  (part) => ({ services: part }),
];

/** Adds what a part refers to and another part of the page has: services, consumers, plans, issuers, files of secrets. */
function complete(t: TestContext, file: Json): { path: string; env: Record<string, string> } {
  const routes = (file['routes'] ?? []) as Json[];
  const named = routes.flatMap(({ service }) => (typeof service === 'string' ? [service] : []));
  const services = Object.fromEntries(named.map((name) => [name, { targets: ['http://localhost:4001'] }]));
  const callers = routes.flatMap(({ authorize }) => ((authorize as Json | undefined)?.['consumers'] ?? []) as string[]);
  const consumers = callers.map((name) => ({ name }));
  const written = JSON.stringify(file);
  const whole = {
    ...file,
    plans: { ...namesAt(written, /"plan":"([^"]+)"/g, {}), ...((file['plans'] ?? {}) as object) },
    issuers: [...((file['issuers'] ?? []) as Json[]), ...missingIssuers(written, file)],
    services: { ...services, ...((file['services'] ?? {}) as object) },
    consumers: [...((file['consumers'] ?? []) as object[]), ...consumers],
  };
  const text = JSON.stringify(whole).replaceAll('/run/secrets/', './secrets/');
  const files = [...text.matchAll(/\$\{FILE:\.\/([^}]+)\}/g)].map(([, name = '']) => [name, contentOf(name)]);
  const pages = [...text.matchAll(/"(?:files|folder)":"\.\/([^"]+)"/g)].map(([, name = '']) => [
    `${name}/index.html`,
    '',
  ]);
  const documents = {
    ...namesAt(text, /"\.\/([\w./-]+\.json)"/g, { type: 'object' }),
    ...namesAt(text, /"\.\/([\w./-]+\.yaml)"/g, { openapi: '3.1.0', paths: {} }),
  };
  // The stages that pages name are those that are shown in full.
  const stages = [...text.matchAll(/"\.\/stages\/([\w-]+\.ts)"/g)].map(([, name = '']) => [
    `stages/${name}`,
    readFileSync(join(import.meta.dirname, '../../docs/examples/stages', name), 'utf8'),
  ]);
  const beside = Object.fromEntries([...files, ...pages, ...stages]);
  const folder = configFolder(t, { 'routes.json': text, ...beside, ...documents });
  const env = [...text.matchAll(/\$\{ENV:([^}]+)\}/g)].map(([, name = '']) => [name, 'x'.repeat(48)]);
  return { path: join(folder, 'routes.json'), env: Object.fromEntries(env) };
}

function contentOf(name: string): string {
  if (name.endsWith('.pem')) return rootCertificates[0] as string;
  return name.endsWith('.key') ? pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) : 'secret';
}

/** An object with a member for each name that stands at a place in the text. */
function namesAt(text: string, place: RegExp, member: object): object {
  return Object.fromEntries([...text.matchAll(place)].map(([, name = '']) => [name, member]));
}

/** A row for each issuer that a part names and does not have. */
function missingIssuers(text: string, file: Json): object[] {
  const has = ((file['issuers'] ?? []) as Json[]).map(({ issuer }) => issuer);
  const named = [...text.matchAll(/"issuers":\["([^"]+)"|"clients":\[\{[^}]*"issuer":"([^"]+)"/g)];
  const names = named.map(([, ofRoute, ofClient]) => ofRoute ?? ofClient).filter((name) => !has.includes(name));
  return names.map((issuer) => ({ issuer, audience: 'api', secret: 'x'.repeat(48) }));
}

async function faultsIn(t: TestContext, file: Json): Promise<readonly Fault[]> {
  const { path, env } = complete(t, file);
  try {
    await inSlices(loadRoutesInSteps(path, { env }));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** A whole object, or members of one. */
function read({ text }: Fragment): Json {
  const errors: ParseError[] = [];
  const isWhole = /^(?:\s*\/\/.*\n)*\s*\{/.test(text);
  const value = parse(isWhole ? text : `{${text}}`, errors, { allowTrailingComma: true }) as Json;
  assert.deepEqual(errors, [], 'it is JSON');
  return value;
}

test('the documents have fragments to look at', () => {
  assert.ok(fragments.length >= FEWEST_FRAGMENTS, `only ${fragments.length}`);
  assert.ok(fragments.filter(({ text }) => text.includes('//')).length >= FEWEST_COMMENTED);
});

for (const fragment of fragments) {
  test(`${fragment.file}:${fragment.line} is taken as it stands`, async (t) => {
    const value = read(fragment);
    if ('requestId' in value) return assertIsAnswer(value);
    const attempts = await Promise.all(CONTEXTS.map((context) => faultsIn(t, context(value) as Json)));
    const fewest = attempts.toSorted((a, b) => a.length - b.length)[0] ?? [];
    assert.deepEqual(
      fewest.map(({ path, message }) => `${path} ${message}`),
      [],
    );
  });
}

function assertIsAnswer({ code, type, title, status, detail }: Json): void {
  const row = ERRORS[code as keyof typeof ERRORS];
  assert.deepEqual(
    { type, title, status, detail },
    { type: `${PROBLEM_BASE}${code}`, title: row.title, status: row.status, detail: row.advice },
  );
}

test('the route that README adds is one that neither the file of the project nor a new one has already', async (t) => {
  const example = fragments.find(({ file }) => file === 'README.md');
  const project = readFileSync(new URL('../../routes.json', import.meta.url), 'utf8');
  for (const text of [project, renderStarter('x', 'turnpike')]) {
    const file = parse(text, [], { allowTrailingComma: true }) as { routes: object[] };
    assert.deepEqual(await faultsIn(t, { ...file, routes: [...file.routes, read(example as Fragment)] }), []);
  }
});

test('the faults that are shown are told in these words', (t) => {
  const shown = readFragments().find(({ text }) => text.includes('faults in the configuration'));
  const route = { ...ROUTE, rateLimits: [{ limit: 1, window: 60 }] };
  const folder = configFolder(t, { 'routes.json': { routes: [{ ...ROUTE, prefx: '/b', prefix: '/b' }, route] } });
  const faults = faultsOf(() => loadRoutes(join(folder, 'routes.json'), { env: {} }));
  assert.equal(faults.length, 2);
  for (const { message, hint = '' } of faults) {
    assert.ok(shown?.text.includes(`  ${message}\n`), message);
    assert.ok(shown?.text.includes(hint), hint);
  }
});

const settingsShown = readFragments().filter(({ language }) => language === 'ini');

test('settings that are shown for load balancers are taken, and leave time to stop', () => {
  assert.ok(settingsShown.length >= 2);
  for (const { file, line, text } of settingsShown) {
    const env = Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map((row) => row.split('=')),
    );
    for (const name of Object.keys(env)) assert.ok(SETTING_NAMES.includes(name), `${file}:${line} ${name}`);
    const { drainDelayMs, shutdownTimeoutMs } = parseSettings(env);
    assert.ok(shutdownTimeoutMs >= drainDelayMs + 25_000, `${file}:${line}`);
  }
});

test('two proxies, as Google counts, are passed on the way to the client', () => {
  const { text = '' } = settingsShown.find(({ section }) => section.startsWith('Google')) ?? {};
  const { trustProxy } = parseSettings({ TRUST_PROXY: /TRUST_PROXY=(\d)/.exec(text)?.[1] ?? '' });
  // What the client wrote, then its address, then that of the balancer; the peer is one of Google's front ends.
  const headers = { 'x-forwarded-for': '10.9.9.9, 203.0.113.7, 198.51.100.1' };
  const found = { peerAddress: '', peerTrusted: false, clientAddress: '', scheme: 'http' as const };
  const req = { headers, socket: { remoteAddress: '35.191.0.9' } } as unknown as IncomingMessage;
  createAddressResolver(trustProxy)(req, found);
  assert.equal(found.clientAddress, '203.0.113.7');
});
