import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** What npm's packing looks at. It is done in a copy, since it changes package.json for a moment. */
const SOURCES = [
  'src',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  '.npmrc',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  '.env.example',
  'routes.schema.json',
  'cases.schema.json',
];

/** What `npm pack --json` says. */
export interface Packed {
  readonly file: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

export function packProject(folder: string): Packed {
  const copy = path.join(folder, 'sources');
  mkdirSync(copy);
  for (const name of SOURCES) cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  const { stdout, stderr, status } = run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], copy);
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  const [packed] = JSON.parse(stdout) as [Packed & { readonly filename: string }];
  return { ...packed, file: path.join(folder, packed.filename) };
}

/** Runs a command to its end; nothing of npm's own variables is handed on, as if a person had typed it. */
export function run(command: string, argv: readonly string[], cwd: string, bin?: string): SpawnSyncReturns<string> {
  return spawnSync(command, argv, { cwd, encoding: 'utf8', env: plainEnv(bin), timeout: 120_000 });
}

/** `bin` stands first in PATH. */
export function plainEnv(bin?: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_(?:lifecycle|package|command)/i.test(name));
  const { PATH = '' } = process.env;
  return { ...Object.fromEntries(kept), ...(bin !== undefined && { PATH: `${bin}${path.delimiter}${PATH}` }) };
}

/** Installs packages into a folder of their own; false where the registry does not answer. */
export async function install(folder: string, packages: readonly string[]): Promise<boolean> {
  mkdirSync(folder, { recursive: true });
  const manifest = path.join(folder, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "name": "project", "private": true, "type": "module" }\n');
  const argv = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=1', ...packages];
  const child = spawn('npm', argv, { cwd: folder, env: plainEnv(), stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code === 0) return true;
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|E404|ETARGET|network/.test(said)) return false;
  throw new Error(`npm install ${packages.join(' ')} failed: ${said}`);
}

/** A folder that `remove` takes away again. */
export function createPlace(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-packed-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }) };
}
