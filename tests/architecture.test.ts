import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSources, type SourceFile } from './support/source-files.ts';

/** Fewer files than this, and the rules below were green for nothing. Raise it as the project grows. */
const FEWEST_SOURCES = 150;

/** From the bottom to the top; a file may import from its own layer and from those below it. */
const LAYERS: readonly (readonly string[])[] = [
  ['lib/'],
  [
    'errors.ts',
    'context.ts',
    'stage.ts',
    'pool.ts',
    'metrics.ts',
    'metrics/',
    'settings.ts',
    'deps.ts',
    'schema-values.ts',
    'redis/',
    'log/',
  ],
  ['answer/'],
  ['auth/', 'limits/', 'cache/', 'routing/', 'upstream/'],
  ['stages/'],
  ['stages.ts', 'config/', 'snapshot.ts', 'pipeline/'],
  ['gateway.ts', 'server/', 'admin/'],
  ['main.ts', 'cli.ts', 'cli/'],
];

/** Folders of one layer that know nothing of each other. */
const STRANGERS = ['auth/', 'limits/', 'cache/', 'routing/', 'upstream/'];

/** A library's quirks stay behind the files named here (type imports included, but for TYPES_ANYWHERE). */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  'http-proxy-middleware': ['upstream/forward/proxy.ts'],
  opossum: ['upstream/breaker.ts'],
  undici: ['upstream/transport.ts', 'upstream/unasked-continue.ts'],
  'express-rate-limit': ['stages/rate-limit.ts', 'limits/'],
  'rate-limit-redis': ['limits/'],
  ioredis: ['redis/'],
  jsonwebtoken: ['auth/', 'cli/token.ts'],
  winston: ['log/log.ts'],
  'winston-transport': ['log/log.ts'],
  cors: ['stages/cors.ts'],
  helmet: ['stages/security-headers.ts', 'answer/head.ts'],
  'prom-client': ['metrics.ts'],
  'jsonc-parser': ['config/', 'cli/key-file.ts'],
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

/** The files whose code matches, as `file: match`. */
function findInCode(pattern: RegExp, allowed: readonly string[] = []): readonly string[] {
  return sources
    .filter((source) => !allowed.some((place) => isAt(inSrc(source), place)))
    .flatMap((source) => {
      const match = pattern.exec(source.code);
      return match === null ? [] : [`${source.file}: ${match[0].trim()}`];
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

test('stages do not import each other, and neither do auth, limits, cache, routing and upstream', () => {
  const faults: string[] = [];
  for (const source of sources) {
    const home = [...STRANGERS, 'stages/'].find((folder) => inSrc(source).startsWith(folder));
    if (home === undefined) continue;
    for (const { file } of source.imports) {
      const target = file?.slice('src/'.length) ?? '';
      const isOtherFolder = STRANGERS.some((folder) => folder !== home && target.startsWith(folder));
      const isOtherStage = home === 'stages/' && target.startsWith('stages/');
      if ((home !== 'stages/' && isOtherFolder) || isOtherStage) faults.push(`${source.file} -> ${file}`);
    }
  }
  assertNone(faults, 'what two of them need belongs a layer below');
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
  assertNone(findInCode(/\bDate\.now\b|new Date\(\)/, ['lib/clock.ts']), 'the time comes from deps.clock');
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
        !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d)?\.ts$/.test(path.basename(file)) || path.basename(file) === 'index.ts',
    );
  assertNone(faults, 'one name a file, said in words');
  assertNone(findInCode(/^export (?:type )?\*.*$/m), 'import from where a thing is made');
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

test('no test is switched off', () => {
  const tests = readSources('tests/**/*.test.ts').filter((source) => !source.file.endsWith('architecture.test.ts'));
  const faults = tests
    .filter((source) =>
      /\b(?:it|test|describe|suite)\.(?:skip|only|todo)\b|\{\s*(?:skip|todo|only):\s*true/.test(source.code),
    )
    .map((source) => source.file);
  assertNone(faults, 'a test that needs a tool skips by name where the tool is missing');
});
