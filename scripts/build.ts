import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Emits dist/ from src/: JavaScript by tsc, and beside them whatever is not TypeScript. */
const ROOT = path.resolve(import.meta.dirname, '..');

rmSync(path.join(ROOT, 'dist'), { recursive: true, force: true });
const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
const { status } = spawnSync(tsc, ['-p', 'scripts/tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
if (status === 0) {
  for (const file of globSync('**/*.*', { cwd: path.join(ROOT, 'src') })) {
    if (!/\.(?:ts|md)$/.test(file)) cpSync(path.join(ROOT, 'src', file), path.join(ROOT, 'dist', file));
  }
} else process.exitCode = status ?? 1;
