import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * `before` builds dist/ and writes the package.json that is published: it runs dist/, and leaves out the Node that the
 * lockfile pins for work on the project, which would shadow the Node of whoever installs the package. `after` puts
 * the project's own package.json back.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const MANIFEST = path.join(ROOT, 'package.json');
const KEPT = path.join(ROOT, '.scratch', 'package.json');

const step = process.argv[2];
if (step === 'before') before();
else if (step === 'after') after();
else throw new Error('usage: node scripts/pack.ts before|after');

function before(): void {
  // A pack that broke off has left the original behind: what is in its place is already the published one.
  after();
  const { status } = spawnSync(process.execPath, [path.join(ROOT, 'scripts/build.ts')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed, so nothing is packed');
  mkdirSync(path.dirname(KEPT), { recursive: true });
  copyFileSync(MANIFEST, KEPT);
  writeFileSync(MANIFEST, `${JSON.stringify(publishedManifest(JSON.parse(readFileSync(KEPT, 'utf8'))), null, 2)}\n`);
}

function after(): void {
  if (existsSync(KEPT)) renameSync(KEPT, MANIFEST);
}

interface Manifest {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

function publishedManifest({
  knip: _knip,
  devDependencies: _dev,
  scripts,
  optionalDependencies,
  exports,
  ...rest
}: Manifest): object {
  const optional = Object.entries(optionalDependencies ?? {}).filter(([name]) => !/^node-/.test(name));
  return {
    ...rest,
    bin: { turnpike: 'dist/start.cjs' },
    exports: {
      ...exports,
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    },
    // npm still runs postpack from this file.
    scripts: { start: 'node dist/start.cjs', postpack: scripts?.['postpack'] },
    ...(optional.length > 0 && { optionalDependencies: Object.fromEntries(optional) }),
  };
}
