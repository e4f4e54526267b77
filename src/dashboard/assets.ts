import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

/** A file of the dashboard's page, as a browser gets it. */
export interface Asset {
  readonly body: string;
  readonly type: string;
  readonly etag: string;
}

/** In src/dashboard and, one level below dist, in dist/chunks alike. */
const FOLDER = path.join(import.meta.dirname, '../dashboard/page');

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  ts: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** What the page has of a package, which stays one: audited and mended as any other. */
const OF_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['uplot.js', 'uplot/dist/uPlot.iife.min.js'],
  ['uplot.css', 'uplot/dist/uPlot.min.css'],
]);

/** No name leads out of the folder. */
const NAME = /^(?:[a-z][a-z-]*\/)?[a-z][a-z-]*\.(html|css|js|ts|svg)$/;

const require = createRequire(import.meta.url);
const made = new Map<string, Asset>();

/**
 * A file of the page by its name; undefined where there is none. Made when it is first asked for, and once: a checkout
 * has TypeScript, which is stripped of its types, and a package what the build made of it.
 */
export function findAsset(name: string): Asset | undefined {
  const known = made.get(name);
  if (known !== undefined) return known;
  const [, extension = ''] = NAME.exec(name) ?? [];
  const body = extension === '' ? undefined : read(name);
  if (body === undefined) return undefined;
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const asset = { body, type: TYPES[extension] as string, etag };
  made.set(name, asset);
  return asset;
}

function read(name: string): string | undefined {
  const ofPackage = OF_PACKAGES.get(name);
  const file = ofPackage === undefined ? path.join(FOLDER, name) : require.resolve(ofPackage);
  if (existsSync(file)) return name.endsWith('.ts') ? strip(file) : readFileSync(file, 'utf8');
  const source = file.replace(/\.js$/, '.ts');
  return source !== file && existsSync(source) ? strip(source) : undefined;
}

/** Without the warning that Node gives of it: who runs from source does so by the same stripping. */
function strip(file: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(readFileSync(file, 'utf8'));
  } finally {
    process.emitWarning = emitWarning;
  }
}
