/**
 * Asks another gateway what tests/integration/migrating-*.test.ts ask ours, and writes down what it answers:
 *
 *     npm i --prefix FOLDER express-gateway@1.16.11
 *     node tests/support/migrating/record.ts express-gateway FOLDER
 *
 * It isn't a dependency of the project, nor is it asked by the tests.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ask } from '../http.ts';
import { freePort } from '../service.ts';
import { until } from '../until.ts';
import { exampleOf } from './example.ts';
import { callAndTell, type Recording, readRecording, recordingFile, startServices } from './recorded.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const [name = '', folder = ''] = positionals;
const root = path.resolve(folder);
const cleanups: (() => unknown)[] = [];
const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) };

/** Starts theirs by the fragment of the page; its own example says 8080. */
type Start = (fragment: string, port: number) => Promise<ChildProcess>;

function run(code: string): ChildProcess {
  const file = path.join(root, 'run/main.cjs');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, code);
  return spawn(process.execPath, [file], { cwd: path.dirname(file), stdio: ['ignore', 'inherit', 'inherit'] });
}

const startFastGateway: Start = async (fragment, port) => run(fragment.replaceAll('8080', String(port)));

const startExpressGateway: Start = async (fragment, port) => {
  const config = path.join(root, 'run/config');
  const adminPort = await freePort();
  cpSync(path.join(root, 'node_modules/express-gateway/lib/config'), config, { recursive: true });
  const text = `admin: { port: ${adminPort}, host: 127.0.0.1 }\n${fragment.replaceAll('8080', String(port))}`;
  writeFileSync(path.join(config, 'gateway.config.yml'), text);
  const child = run("require('express-gateway')().load(require('node:path').join(__dirname, 'config')).run();");
  const admin = `http://127.0.0.1:${adminPort}`;
  const post = (at: string, body: object) =>
    ask(admin, {
      method: 'POST',
      path: at,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  await until(async () => (await ask(`${admin}/users`).catch(() => undefined)) !== undefined, { timeoutMs: 20_000 });
  await post('/scopes', { scopes: ['orders:read'] });
  for (const username of ['shop', 'others']) {
    await post('/users', { username, firstname: 'An', lastname: 'Application' });
    const keySecret = username === 'shop' ? 's3cr3t-of-the-shop' : 's3cr3t-of-the-others';
    const scopes = username === 'shop' ? ['orders:read'] : [];
    const credential = { keyId: `${username}-key`, keySecret, scopes };
    await post('/credentials', { consumerId: username, type: 'key-auth', credential });
  }
  return child;
};

const STARTS: Readonly<Record<string, Start>> = {
  'express-gateway': startExpressGateway,
  'fast-gateway': startFastGateway,
};

const start = STARTS[name];
if (start === undefined) throw new Error(`which one? ${Object.keys(STARTS).join(', ')}`);
const manifest = path.join(root, 'node_modules', name, 'package.json');
const by = `${name} ${JSON.parse(readFileSync(manifest, 'utf8')).version} on Node ${process.versions.node}`;
const page = name === 'fast-gateway' ? 'docs/migrating/k-fastify-gateway.md' : `docs/migrating/${name}.md`;
const { sections } = readRecording(name);
const recorded: Recording['sections'] = {};

for (const [section, { fields, calls }] of Object.entries(sections)) {
  const ports = await startServices(t);
  const port = await freePort();
  const child = await start(exampleOf(page, section, ports).theirs, port);
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await ask(`${url}/-`).catch(() => undefined)) !== undefined, { timeoutMs: 20_000 });
  const told = [];
  for (const call of calls) told.push({ ...call, theirs: await callAndTell(url, call.request, fields) });
  Object.assign(recorded, { [section]: { fields, calls: told } });
  child.kill('SIGKILL');
}
writeFileSync(recordingFile(name), `${JSON.stringify({ by, sections: recorded }, null, 2)}\n`);
for (const cleanup of cleanups) await cleanup();
