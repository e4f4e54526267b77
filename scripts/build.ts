import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

/**
 * Makes dist/ from src/: the JavaScript in a few pieces, the types of the package's door, and whatever is not
 * TypeScript. The reasons stand in docs/decisions.md.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const DIST = path.join(ROOT, 'dist');
const TYPES = path.join(ROOT, '.scratch/types');

/**
 * What is called by its name: the command line behind start.cjs, the package, and what own stages are given for the
 * package (own/import-module.ts looks for it beside itself).
 */
const ENTRIES = { cli: 'cli', index: 'index', 'chunks/define-stage': 'own/define-stage' };

rmSync(DIST, { recursive: true, force: true });
emitTypes();
await bundle();
await bundlePage();
for (const file of globSync('**/*.*', { cwd: path.join(ROOT, 'src') })) {
  if (!/\.(?:ts|md)$|tsconfig\.json$/.test(file)) cpSync(path.join(ROOT, 'src', file), path.join(DIST, file));
}

/**
 * One piece for what the entries have in common, and one for each thing that is loaded when it is needed. Packages stay
 * packages: they are installed, audited and mended as any others, and those that are loaded late stay so.
 */
async function bundle(): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(ENTRIES).map(([out, file]) => ({ in: `src/${file}.ts`, out })),
    outdir: DIST,
    // As deep as cli/, from where files of the package are looked for.
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node22',
    logLevel: 'warning',
  });
}

/** The dashboard's page: its modules as one, for browsers. Its chart library is served from the package's folder. */
async function bundlePage(): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['main', 'theme'].map((name) => ({ in: `src/dashboard/page/${name}.ts`, out: name })),
    outdir: path.join(DIST, 'dashboard/page'),
    bundle: true,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'warning',
  });
}

/** The declarations that lead from the package's door, and no others: all the rest is nobody's to import. */
function emitTypes(): void {
  rmSync(TYPES, { recursive: true, force: true });
  const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
  const { stdout, error } = spawnSync(tsc, ['-p', 'scripts/tsconfig.build.json'], { cwd: ROOT, encoding: 'utf8' });
  if (error !== undefined) throw error;
  const reached = new Set<string>();
  reach('index', reached);
  const faults = stdout.split('\n').filter((line) => line !== '' && !isOfNoMatter(line, reached));
  if (faults.length > 0) throw new Error(`the types can't be made:\n${faults.join('\n')}`);
  for (const name of reached) {
    const file = path.join(DIST, `${name}.d.ts`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, readTypes(name).replace(/(['"])(\.[^'"]+)\.ts\1/g, '$1$2.js$1'));
  }
}

function reach(name: string, reached: Set<string>): void {
  if (reached.has(name)) return;
  reached.add(name);
  for (const [, to = ''] of readTypes(name).matchAll(/['"](\.[^'"]+)\.ts['"]/g)) {
    reach(path.posix.join(path.posix.dirname(name), to), reached);
  }
}

function readTypes(name: string): string {
  return readFileSync(path.join(TYPES, `${name}.d.ts`), 'utf8');
}

/** That a type has no name for others is of no matter in files that no other can import. */
function isOfNoMatter(line: string, reached: ReadonlySet<string>): boolean {
  const [, file] = /^src\/(.+)\.ts\(\d+,\d+\): error TS40\d\d:/.exec(line) ?? [];
  return file !== undefined && !reached.has(file);
}
