/**
 * Tries the recipes of docs/recipes.md with the real software: `npm run peers`, or `npm run peers -- vite tus` for some.
 *
 * The packages live in a node_modules of their own, so that none becomes a dependency of the project.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = import.meta.dirname;
const LIMIT_MS = 10 * 60 * 1000;

if (!existsSync(join(FOLDER, 'node_modules', 'next', 'package.json'))) {
  console.log('installing the packages into scripts/peers/node_modules …');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: FOLDER, stdio: 'inherit' });
}

const asked = process.argv.slice(2);
const trials = globSync('trials/*.mjs', { cwd: FOLDER })
  .filter((file) => asked.length === 0 || asked.some((name) => file === join('trials', `${name}.mjs`)))
  .sort();
if (trials.length === 0) throw new Error(`there is no such trial: ${asked.join(', ')}`);
// What a package leaves open must not keep a trial from its end.
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-timeout=60000', '--test-force-exit', ...trials],
  {
    cwd: FOLDER,
    stdio: 'inherit',
    timeout: LIMIT_MS,
  },
);
process.exitCode = status ?? 1;
