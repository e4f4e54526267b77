/**
 * Runs the public conformance suite for HTTP caches (cache-tests.fyi, the package http-cache-tests) against a gateway
 * with a cache: `npm run conformance`. Fails where a required case does not come out as `deviations.ts` says.
 *
 * The package lives in a node_modules of its own, so that it becomes no dependency of the project.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DEVIATIONS, OUTDATED } from './deviations.ts';

const FOLDER = import.meta.dirname;
const SUITE = join(FOLDER, 'node_modules', 'http-cache-tests');
const ENTRY = join(FOLDER, '..', '..', 'src', 'start.cjs');
const WITHIN_MS = 5 * 60 * 1000;
const READY_WITHIN_MS = 20_000;
/** So many cases run at once; most of them wait three seconds for something to become stale. */
const AT_ONCE = 40;

interface Case {
  readonly id: string;
  readonly name: string;
  readonly kind?: 'required' | 'optimal' | 'check';
  readonly browser_only?: boolean;
}
type Result = true | readonly [string, string] | undefined;

if (!existsSync(join(SUITE, 'package.json'))) {
  console.log('installing the suite into scripts/conformance/node_modules …');
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts'];
  execFileSync('npm', args, { cwd: FOLDER, stdio: 'inherit' });
}

const folder = mkdtempSync(join(tmpdir(), 'turnpike-conformance-'));
const children: ChildProcess[] = [];
setTimeout(() => {
  console.error(`the suite did not end within ${WITHIN_MS / 1000} s`);
  stop();
  process.exit(1);
}, WITHIN_MS).unref();

const origin = await startAll();
const results = await runSuite(origin);
stop();
process.exitCode = report(results);

/** The suite's service, and a gateway before it: all of what it answers may be stored. */
async function startAll(): Promise<string> {
  const [servicePort, port, adminPort] = [await freePort(), await freePort(), await freePort()];
  const target = `http://localhost:${servicePort}`;
  start(join(SUITE, 'server', 'server.mjs'), {
    npm_config_protocol: 'http',
    npm_config_port: String(servicePort),
    npm_config_pidfile: join(folder, 'pid'),
  });
  const routes = {
    defaults: { auth: 'none', stripPrefix: false },
    routes: [
      // The suite counts what it is asked, and takes a repetition for a fault.
      { prefix: '/test', target, cache: { heuristic: true }, retry: false },
      { prefix: ['/config', '/state'], target },
    ],
  };
  writeFileSync(join(folder, 'routes.json'), JSON.stringify(routes));
  start(ENTRY, {
    PORT: String(port),
    HOST: 'localhost',
    ADMIN_PORT: String(adminPort),
    ROUTES_FILE: join(folder, 'routes.json'),
    LOG_LEVEL: 'error',
  });
  const gateway = `http://localhost:${port}`;
  await untilAnswers(`${target}/`);
  await untilAnswers(`${gateway}/health`);
  return gateway;
}

function start(script: string, env: Readonly<Record<string, string>>): void {
  const child = spawn(process.execPath, [script], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
}

function stop(): void {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

async function untilAnswers(url: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`nobody answers at ${url}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function runSuite(base: string): Promise<ReadonlyMap<Case, Result>> {
  const load = async (file: string) => await import(pathToFileURL(join(SUITE, file)).href);
  const { runTests, getResults } = await load('client/runner.mjs');
  const suites: { readonly tests: readonly Case[] }[] = [
    ...(await load('tests/index.mjs')).default,
    (await load('tests/surrogate-control.mjs')).default,
  ];
  // The suite is written for this client: another one writes other fields.
  const { default: client } = await load('../node-fetch/lib/index.js');
  await runTests(suites, client, false, base, AT_ONCE);
  const found: Readonly<Record<string, Result>> = getResults();
  const cases = suites.flatMap(({ tests }) => tests).filter((one) => one.browser_only !== true);
  return new Map(cases.map((one) => [one, found[one.id]]));
}

function report(results: ReadonlyMap<Case, Result>): number {
  const isKept = (kind: string) => [...results].filter(([one]) => (one.kind ?? 'required') === kind);
  const required = isKept('required');
  const known = new Set(Object.values(DEVIATIONS).flat());
  const unexpected = required.filter(([{ id }, result]) => result !== true && !known.has(id));
  const gone = [...known].filter((id) => required.every(([one, result]) => one.id !== id || result === true));
  for (const [{ id, name }, result] of unexpected) console.error(`not kept: ${id} (${name}): ${String(result)}`);
  for (const id of gone) console.error(`kept, or not in the suite, though deviations.ts has it: ${id}`);
  for (const kind of ['required', 'optimal', 'check']) {
    const all = isKept(kind);
    console.log(`${kind}: ${all.filter(([, result]) => result === true).length} of ${all.length}`);
  }
  console.log(
    `${known.size} required cases are not kept for the reasons in deviations.ts, ${OUTDATED} of them outdated`,
  );
  return unexpected.length + gone.length === 0 && required.length > 150 ? 0 : 1;
}
