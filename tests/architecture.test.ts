import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findCircles, graphOf } from './support/import-circles.ts';
import { readSources, type SourceFile } from './support/source-files.ts';

/** Fewer files than this, and the rules below were green for nothing. Raise it as the project grows. */
const FEWEST_SOURCES = 240;
const FEWEST_UNIT_TESTS = 85;

/** From the bottom to the top; a file may import from its own layer and from those below it. */
const LAYERS: readonly (readonly string[])[] = [
  ['lib/'],
  [
    'errors.ts',
    'error-guide.ts',
    'findings.ts',
    'findings/',
    'context.ts',
    'facts.ts',
    'sink.ts',
    'token-count.ts',
    'lapsed-key.ts',
    'body/',
    'stage.ts',
    'pool.ts',
    'metrics.ts',
    'metrics/',
    'settings.ts',
    'deps.ts',
    'schema-values.ts',
    'nearest-word.ts',
    'cache-terms.ts',
    'pattern.ts',
    'redis/',
    'log/',
  ],
  ['answer/', 'values/'],
  [
    'auth/',
    'limits/',
    'cache/',
    'transform/',
    'validate/',
    'compose/',
    'files/',
    'idempotency/',
    'own/',
    'models/',
    'routing/',
    'upstream/',
  ],
  ['mcp/'],
  ['stages/'],
  ['stages.ts', 'config/', 'audit/', 'snapshot.ts', 'pipeline/'],
  ['gateway.ts', 'server/', 'admin/', 'dashboard/', 'explain/', 'overview/', 'cases/', 'tracing/', 'dev/'],
  ['main.ts', 'cli.ts', 'cli/', 'embed/'],
  ['index.ts'],
];

/** Folders of one layer that know nothing of each other. */
const STRANGERS = [
  'auth/',
  'limits/',
  'cache/',
  'transform/',
  'validate/',
  'compose/',
  'files/',
  'idempotency/',
  'own/',
  'models/',
  'routing/',
  'upstream/',
];

/** The wings of upstream/: forward knows the others, those know nothing of each other, nor of forward. */
const WINGS = [
  'upstream/balance/',
  'upstream/credentials/',
  'upstream/discovery/',
  'upstream/health/',
  'upstream/websocket/',
];
const CENTRAL_WING = 'upstream/forward/';

/** A library's quirks stay behind the files named here (type imports included, but for TYPES_ANYWHERE). */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  express: ['stage.ts', 'stages/', 'snapshot.ts', 'pipeline/'],
  'http-proxy-middleware': ['upstream/forward/proxy.ts'],
  opossum: ['upstream/breaker.ts'],
  undici: ['upstream/transport.ts', 'upstream/unasked-continue.ts'],
  'express-rate-limit': ['stages/rate-limit.ts', 'limits/'],
  'rate-limit-redis': ['limits/'],
  ioredis: ['redis/'],
  'structured-headers': ['auth/signed/structured.ts'],
  jsonwebtoken: ['auth/', 'cli/token.ts'],
  winston: ['log/log.ts'],
  'winston-transport': ['log/log.ts'],
  cors: ['stages/cors.ts'],
  send: ['files/send-file.ts'],
  helmet: ['stages/security-headers.ts', 'answer/head.ts'],
  'prom-client': ['metrics.ts', 'metrics/'],
  uplot: ['dashboard/page/chart.ts'],
  ajv: ['validate/engine.ts'],
  'ajv-formats': ['validate/engine.ts'],
  yaml: ['validate/openapi/read-yaml.ts', 'cli/'],
  graphql: ['validate/graphql/'],
  '@marcbachmann/cel-js': ['values/language.ts'],
  'fast-xml-parser': ['transform/xml-reader.ts'],
  'jsonc-parser': ['config/', 'audit/ignores.ts', 'cli/key-file.ts', 'cli/json-edit.ts', 'cli/complete.ts'],
};

/** Their types are the words that layers speak with each other. */
const TYPES_ANYWHERE: readonly (string | undefined)[] = ['winston'];

/** The packages that the project is built on; each does real work on the request path. */
const FOUNDATION = [
  'express',
  'http-proxy-middleware',
  'jsonwebtoken',
  'express-rate-limit',
  'rate-limit-redis',
  'ioredis',
  'winston',
  'opossum',
  'helmet',
  'cors',
];

const sources = readSources('src/**/*.ts');
const inSrc = (source: SourceFile): string => source.file.slice('src/'.length);
const isAt = (file: string, place: string): boolean => (place.endsWith('/') ? file.startsWith(place) : file === place);
const layerOf = (file: string): number => LAYERS.findIndex((places) => places.some((place) => isAt(file, place)));

/** Fails with one line for each file that breaks the rule. */
function assertNone(faults: readonly string[], rule: string): void {
  assert.deepEqual(faults, [], rule);
}

/** What the files below a folder of src/ import of the project, as `from -> to` and as the path below src/. */
function importsOf(folder: string): readonly { readonly text: string; readonly target: string }[] {
  return sources
    .filter((source) => inSrc(source).startsWith(folder))
    .flatMap((source) =>
      source.imports.flatMap(({ file }) =>
        file === undefined ? [] : [{ text: `${source.file} -> ${file}`, target: file.slice('src/'.length) }],
      ),
    );
}

/** The imports that lead from one of the folders to another one of them. */
function importsBetween(folders: readonly string[]): readonly string[] {
  return folders.flatMap((home) =>
    importsOf(home)
      .filter(({ target }) => folders.some((folder) => folder !== home && target.startsWith(folder)))
      .map(({ text }) => text),
  );
}

/** The files whose code matches, as `file: match`. */
function findInCode(pattern: RegExp, allowed: readonly string[] = []): readonly string[] {
  return sources
    .filter((source) => !allowed.some((place) => isAt(inSrc(source), place)))
    .flatMap((source) => {
      const match = pattern.exec(source.code);
      return match === null ? [] : [`${source.file}: ${match[0].trim()}`];
    });
}

/** The files of src/ that a unit test may be named after: `a/b-c.ts` and `a/b.ts` for `a/b-c.test.ts`; none for others. */
function namesakesOf(test: string): readonly string[] {
  if (!test.endsWith('.test.ts')) return [];
  const words = path.posix.basename(test, '.test.ts').split('-');
  return words.map((_, index) => {
    const name = words.slice(0, words.length - index).join('-');
    return path.posix.join(path.posix.dirname(test), `${name}.ts`);
  });
}

test('the rules saw the whole project', () => {
  assert.ok(sources.length >= FEWEST_SOURCES, `only ${sources.length} files below src/`);
  const imports = sources.flatMap((source) => source.imports);
  assert.ok(imports.length >= sources.length, `only ${imports.length} imports found`);
});

test('every file below src/ belongs to a layer', () => {
  assertNone(
    sources.filter((source) => layerOf(inSrc(source)) === -1).map((source) => source.file),
    'add new files and folders to LAYERS, at the lowest layer that they can live in',
  );
});

test('imports point downwards', () => {
  const faults: string[] = [];
  for (const source of sources) {
    for (const { file, specifier } of source.imports) {
      if (file === undefined) continue;
      if (!file.startsWith('src/')) faults.push(`${source.file} leaves src/ for ${specifier}`);
      else if (layerOf(file.slice('src/'.length)) > layerOf(inSrc(source))) faults.push(`${source.file} -> ${file}`);
    }
  }
  assertNone(faults, 'a lower layer may not know a higher one');
});

test('what traces is loaded where somebody traces, and nowhere else', () => {
  assertNone(findInCode(/from '(?:\.\.?\/)+tracing\//), "write `await import('…/tracing/tracing.ts')`");
});

test('the gateway asks others in one way', () => {
  // The page asks its own gateway, in a browser.
  assertNone(
    findInCode(/(?<![#.\w])fetch\(/, ['dashboard/page/']),
    'whatever the gateway asks on its own behalf it asks by `deps.call`',
  );
});

test('stages do not import each other, and neither do authentication schemes', () => {
  const faults = ['stages/', 'auth/schemes/'].flatMap((folder) =>
    importsOf(folder)
      .filter(({ target }) => target.startsWith(folder))
      .map(({ text }) => text),
  );
  assertNone(faults, 'what two of them need belongs a layer below');
});

test('the folders below stages do not import each other', () => {
  assertNone(importsBetween(STRANGERS), 'what two of them need belongs a layer below');
});

test('the wings of upstream/ do not import each other; forward alone may import the rest', () => {
  const faults = importsBetween([...WINGS, CENTRAL_WING]).filter((fault) => !fault.startsWith(`src/${CENTRAL_WING}`));
  assertNone(faults, 'what two of them need lies beside them, in upstream/ itself');
});

test('what stands beside the wings of upstream/ knows nothing of forward', () => {
  const faults = sources
    .filter((source) => /^upstream\/[^/]+$/.test(inSrc(source)))
    .flatMap(({ file, imports }) =>
      imports.filter((one) => one.file?.startsWith(`src/${CENTRAL_WING}`)).map((one) => `${file} -> ${one.file}`),
    );
  assertNone(faults, 'the story of a call is told in forward/, of things that others keep');
});

test('no files import each other in a circle, not even their types', () => {
  assert.deepEqual(findCircles(graphOf(sources)), [], 'what both need belongs in a file below them');
});

test('the search for circles finds each of them once, and nothing that only leads to one', () => {
  const graph = new Map([
    ['a', ['b', 'd']],
    ['b', ['c']],
    ['c', ['b', 'd']],
    ['d', []],
    ['e', ['e']],
  ]);
  assert.deepEqual(findCircles(graph), [['b', 'c'], ['e']]);
});

test('lib/ stands on Node alone', () => {
  const faults = sources
    .filter((source) => inSrc(source).startsWith('lib/'))
    .flatMap((source) =>
      source.imports.filter((one) => one.packageName !== undefined).map((one) => `${source.file} -> ${one.specifier}`),
    );
  assertNone(faults, 'lib/ holds pure functions that any project could use');
});

test('each library is known only to the files that tame it', () => {
  const faults: string[] = [];
  for (const source of sources) {
    for (const { packageName, isTypeOnly } of source.imports) {
      if (isTypeOnly && TYPES_ANYWHERE.includes(packageName)) continue;
      const homes = HOMES[packageName ?? ''];
      if (homes !== undefined && !homes.some((place) => isAt(inSrc(source), place))) {
        faults.push(`${source.file} -> ${packageName}`);
      }
    }
  }
  assertNone(faults, 'library quirks stay behind one file each');
});

test('the ten packages of the foundation are all loaded', () => {
  const loaded = new Set(
    sources.flatMap((source) => source.imports.filter((one) => !one.isTypeOnly).map((one) => one.packageName)),
  );
  assertNone(
    FOUNDATION.filter((name) => !loaded.has(name)),
    'each of them does real work',
  );
});

test('every package that is imported is a dependency', () => {
  const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8'));
  const faults = sources.flatMap((source) =>
    source.imports
      .filter((one) => one.packageName !== undefined && !(one.packageName in manifest.dependencies))
      .map((one) => `${source.file} -> ${one.packageName}`),
  );
  assertNone(faults, 'a development dependency is missing in production');
});

test('the environment, the wall clock and the exit have one door each', () => {
  assertNone(
    findInCode(/process\.env\b|from 'node:process'/, ['config/env.ts']),
    'config/env.ts reads the environment',
  );
  assertNone(
    findInCode(/\bDate\.now\b|new Date\(\)/, ['lib/clock.ts', 'cases/fake-time.ts', 'dashboard/page/']),
    'the time comes from deps.clock',
  );
  assertNone(findInCode(/\bprocess\.(?:exit\b|reallyExit|abort)/, ['main.ts']), 'only main.ts ends the process');
});

test('no file is longer than 250 lines', () => {
  const faults = sources
    .map((source) => ({ file: source.file, lines: source.text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > 250)
    .map(({ file, lines }) => `${file}: ${lines}`);
  assertNone(faults, 'a file that grows past that is two ideas');
});

test('files are named in kebab-case, and none is a barrel', () => {
  const faults = sources
    .map((source) => source.file)
    .filter(
      (file) =>
        (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d)?\.ts$/.test(path.basename(file)) || path.basename(file) === 'index.ts') &&
        // The door of the package, which names each thing that it hands out.
        file !== 'src/index.ts',
    );
  assertNone(faults, 'one name a file, said in words');
  assertNone(findInCode(/^export (?:type )?\*.*$/m), 'import from where a thing is made');
});

test('a thing is called by its one word, and by what it does', () => {
  const faults = findInCode(/\b\w*(?:[Bb]ackend|[Pp]lugin|Manager|Helper|Utils?)\w*\b/, [
    'upstream/forward/proxy.ts',
    'config/foreign-words.ts',
    // What Kong has so called.
    'cli/from-kong/',
    // Header fields of others.
    'cache/key.ts',
  ]);
  assertNone(faults, 'the words of this project stand in src/README.md');
});

test('nothing is exported without a name', () => {
  assertNone(findInCode(/^export default\b.*$/m), 'a default export has a name of its own at every import');
});

test('the type checker is never talked out of it', () => {
  assertNone(findInCode(/\bas any\b|[:<,]\s*any\b(?=\s*[,;)>=[\]|&{])|as unknown as never/), 'unknown, then parsed');
  const silenced = sources.filter((source) => /@ts-(?:ignore|nocheck|expect-error)/.test(source.text));
  assertNone(
    silenced.map((source) => source.file),
    'what the checker says is mended',
  );
});

test('nothing is left for later', () => {
  const faults = sources.filter((source) => /\b(?:TODO|FIXME|XXX|HACK)\b/.test(source.text)).map(({ file }) => file);
  assertNone(faults, 'what is not built is an unknown key, not a note');
});

test('tests/unit mirrors src: the tests of src/a/b.ts are a/b.test.ts, or a/b-aspect.test.ts', () => {
  const files = new Set(sources.map(inSrc));
  const tests = readSources('tests/unit/**/*.ts').map(({ file }) => file);
  assert.ok(tests.length >= FEWEST_UNIT_TESTS, `only ${tests.length} files below tests/unit/`);
  const faults = tests.filter((file) => !namesakesOf(file.slice('tests/unit/'.length)).some((one) => files.has(one)));
  assertNone(faults, 'name a test after what it tests, or let it stand in another folder of tests/');
});

test('unit tests share one process, and so no hook of one file stands around the tests of the others', () => {
  const faults = readSources('tests/{unit,project}/**/*.ts')
    .filter(({ code }) => /^(?:beforeEach|afterEach|before)\(/m.test(code))
    .map(({ file }) => file);
  assertNone(faults, 'put the hook and its tests into a describe');
});

test('no test is switched off', () => {
  const tests = readSources('tests/**/*.test.ts').filter((source) => !source.file.endsWith('architecture.test.ts'));
  const faults = tests
    .filter((source) =>
      /\b(?:it|test|describe|suite)\.(?:skip|only|todo)\b|\{\s*(?:skip|todo|only):\s*true/.test(source.code),
    )
    .map((source) => source.file);
  assertNone(faults, 'a test that needs a tool skips by name where the tool is missing');
});
