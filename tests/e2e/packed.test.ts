import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { type Fragment, readFragments } from '../support/documents.ts';
import { createPlace, install, type Packed, packProject, plainEnv, run } from '../support/packed-project.ts';
import { until } from '../support/until.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const isRequired = (process.env['TURNPIKE_REQUIRE'] ?? '').split(',').includes('registry');
const manifestOf = (folder: string) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));

/** The newest of each line that `engines` names, beside the one that runs the tests. */
const OTHER_NODES = ['22.23.3', '24.21.0'];

const KIB = 1024;
const MAX_PACKED_BYTES = 768 * KIB;
const MAX_UNPACKED_BYTES = 2816 * KIB;

/** All that a package has: three entries, their pieces, the dashboard's page, the types that lead from the door, and what commands read. */
const EXPECTED = [
  /^dist\/(?:cli|index)\.js$/,
  /^dist\/start\.cjs$/,
  /^dist\/chunks\/[\w-]+\.js$/,
  /^dist\/dashboard\/page\/(?:index\.html|icon\.svg|(?:base|parts|requests)\.css|(?:main|theme)\.js)$/,
  /^dist\/(?:index|config\/config-error|embed\/[\w-]+|own\/(?:define-stage|options-of))\.d\.ts$/,
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|(?:routes|cases)\.schema\.json|\.env\.example)$/,
];

/** The name of the package that has a Node for this machine. */
const NODE_PACKAGE =
  process.platform === 'darwin' ? `node-bin-darwin-${process.arch}` : `node-${process.platform}-${process.arch}`;

describe('the packed package', () => {
  const { folder, remove } = createPlace();
  const project = path.join(folder, 'project');
  let packed: Packed;
  let hasRegistry = false;
  /** The folder of each Node that could be had, by its version. */
  const nodes = new Map<string, string>();

  before(async () => {
    // They are 100 MB each: fetched while the package is made, and kept for the next time.
    const fetching = OTHER_NODES.map(async (version) => {
      const bin = await fetchNode(version);
      if (bin !== undefined) nodes.set(version, bin);
    });
    packed = packProject(folder);
    const { dependencies, devDependencies } = manifestOf(ROOT);
    const of = { ...dependencies, ...devDependencies };
    const beside = ['express', 'ws', '@types/express', '@types/node', '@types/ws'].map((name) => `${name}@${of[name]}`);
    hasRegistry = await install(project, [packed.file, ...beside]);
    await Promise.all(fetching);
    if (!hasRegistry) return;
    cpSync(path.join(ROOT, 'tests/support/packed'), project, { recursive: true });
  });
  after(remove);

  /** Skips by name where npm could not fetch what the test needs. */
  function needs(t: TestContext, isThere: boolean, what: string): boolean {
    if (isThere || isRequired) return true;
    t.skip(`${what}: npm needs a registry that it can reach, or a cache with it`);
    return false;
  }

  test('it holds what is needed, and nothing else', () => {
    const names = packed.files.map((file) => file.path);
    assert.deepEqual(
      names.filter((name) => !EXPECTED.some((pattern) => pattern.test(name))),
      [],
    );
    for (const pattern of EXPECTED)
      assert.ok(
        names.some((name) => pattern.test(name)),
        String(pattern),
      );
    assert.ok(packed.size < MAX_PACKED_BYTES, `${packed.size} bytes packed`);
    assert.ok(packed.unpackedSize < MAX_UNPACKED_BYTES, `${packed.unpackedSize} bytes unpacked`);
  });

  test('installed, it brings no Node, no compiler, and what it is run by', (t) => {
    if (!needs(t, hasRegistry, 'the packages')) return;
    const installed = path.join(project, 'node_modules');
    for (const name of [NODE_PACKAGE, 'esbuild', 'knip', '@biomejs'])
      assert.equal(existsSync(path.join(installed, name)), false, name);
    const { bin, exports, dependencies, engines, ...rest } = manifestOf(path.join(installed, 'turnpike'));
    assert.deepEqual(bin, { turnpike: 'dist/start.cjs' });
    assert.deepEqual(exports['.'], { types: './dist/index.d.ts', default: './dist/index.js' });
    assert.deepEqual([dependencies, engines], [manifestOf(ROOT).dependencies, manifestOf(ROOT).engines]);
    assert.equal(rest.devDependencies ?? rest.optionalDependencies ?? rest.knip, undefined);
  });

  for (const [moduleResolution, module] of [
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ] as const) {
    test(`an application, an own stage and the documents compile by --strict with ${moduleResolution}`, (t) => {
      if (!needs(t, hasRegistry, 'the packages')) return;
      const files = ['app.ts', 'stages/tenant.ts', ...writeFragments(project), ...copyExamples(project)];
      compile(project, files, ['--noEmit', '--module', module, '--moduleResolution', moduleResolution]);
    });
  }

  for (const version of [process.versions.node, ...OTHER_NODES]) {
    test(`it runs under Node ${version}: in an application, and by its commands`, async (t) => {
      const bin = version === process.versions.node ? path.dirname(process.execPath) : nodes.get(version);
      if (!needs(t, hasRegistry && bin !== undefined, `Node ${version} (${NODE_PACKAGE})`)) return;
      if (!existsSync(path.join(project, 'built')))
        compile(project, ['app.ts', 'stages/tenant.ts'], ['--module', 'nodenext', '--outDir', 'built']);
      const app = run('node', ['built/app.js'], project, bin);
      assert.equal(app.status, 0, app.stderr);
      assert.deepEqual(JSON.parse(app.stdout), {
        node: version,
        mounted: '200 /you for red',
        refused: '403',
        missed: '404',
        own: '200 the application',
        socket: 'hello',
        alone: '200 /you for nobody',
        health: '200',
        faults: true,
        closed: [true, true],
      });
      const required = run('node', ['-p', 'typeof require("turnpike").createGateway'], project, bin);
      assert.equal(required.stdout, 'function\n', required.stderr);
      await tryCommands(t, project, String(bin));
    });
  }
});

/** The folder of its program; undefined where it can't be fetched. */
async function fetchNode(version: string): Promise<string | undefined> {
  const place = path.join(ROOT, '.scratch', `node-${version}`);
  const bin = path.join(place, 'node_modules', NODE_PACKAGE, 'bin');
  const isThere = existsSync(path.join(bin, 'node')) || (await install(place, [`${NODE_PACKAGE}@${version}`]));
  return isThere ? bin : undefined;
}

/** By the compiler of the checkout, which has the size of all the rest. */
function compile(project: string, files: readonly string[], argv: readonly string[]): void {
  const strict = ['--ignoreConfig', '--strict', '--skipLibCheck', 'false', '--target', 'es2024', '--types', 'node'];
  const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
  const { status, stdout } = run(tsc, [...strict, ...argv, ...files], project);
  assert.equal(status, 0, stdout);
}

/** The own stages that docs/ shows whole. */
function copyExamples(project: string): readonly string[] {
  const from = path.join(ROOT, 'docs/examples/stages');
  cpSync(from, path.join(project, 'examples'), { recursive: true });
  return globSync('*.ts', { cwd: from }).map((name) => `examples/${name}`);
}

/** What docs/embedding.md shows as TypeScript, a file each. */
function writeFragments(project: string): readonly string[] {
  const shown = readFragments().filter(({ file, language }: Fragment) => /embedding/.test(file) && language === 'ts');
  assert.ok(shown.length >= 3, `only ${shown.length} fragments`);
  return shown.map(({ text, line }) => {
    const name = `embedding-${line}.ts`;
    writeFileSync(path.join(project, name), text);
    return name;
  });
}

/** By npx, as most call them, and where that would only cost time by what it calls. */
async function tryCommands(t: TestContext, project: string, bin: string): Promise<void> {
  const isOwn = bin === path.dirname(process.execPath);
  const gateway = mkdtempSync(path.join(project, 'gateway-'));
  const turnpike = (word: string) =>
    isOwn
      ? run('npx', ['--no-install', 'turnpike', word], gateway, bin)
      : run(path.join(project, 'node_modules/.bin/turnpike'), [word], gateway, bin);
  const next = isOwn ? /\nNext: npx turnpike check, npx turnpike start\n$/ : /\nNext: turnpike check/;
  assert.match(turnpike('init').stdout, next);
  assert.match(turnpike('check').stdout, /^ok: 1 route/);
  await startAndStop(t, gateway, bin);
}

async function startAndStop(t: TestContext, cwd: string, bin: string): Promise<void> {
  const env = {
    ...plainEnv(bin),
    PORT: '0',
    ADMIN_PORT: '0',
    HOST: '127.0.0.1',
    DRAIN_DELAY: '0s',
    LOG_FORMAT: 'json',
  };
  // Not by npx, which would stand between it and the signal.
  const command = path.join(cwd, '../node_modules/.bin/turnpike');
  const child = spawn(command, ['start'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const exited = new Promise((resolve) => child.on('close', resolve));
  t.after(() => child.kill('SIGKILL'));
  await until(() => /admin on/.test(said) || child.exitCode !== null || undefined, { timeoutMs: 15_000 });
  const [, admin = ''] = /admin on (http:\/\/[\w.:]+)/.exec(said) ?? [];
  for (const name of ['', 'dashboard/main.js', 'dashboard/uplot.js', 'dashboard/parts.css']) {
    const { status } = await fetch(`${admin}/${name}`, { headers: { accept: 'text/html' } });
    assert.equal(status, 200, `${admin}/${name}`);
  }
  child.kill('SIGTERM');
  assert.equal(await exited, 0, said);
  assert.match(said, /turnpike listens on/);
}
