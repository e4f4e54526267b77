import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The files that the last stage of the Dockerfile takes from the project's folder. */
function copiedFiles(): string[] {
  const lastStage =
    read('Dockerfile')
      .split(/^FROM .*$/m)
      .at(-1) ?? '';
  const lines = [...lastStage.matchAll(/^COPY (?!--from)(.+) \.\/$/gm)];
  return lines.flatMap(([, names = '']) => names.split(' '));
}

test('what the image copies is let through to the build, and is all that the published package has', () => {
  const letThrough = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name);
  const copied = copiedFiles();
  assert.deepEqual(
    copied.filter((name) => !letThrough.includes(name)),
    [],
    'kept out by .dockerignore',
  );
  const { files } = JSON.parse(read('package.json')) as { files: string[] };
  const needed = files.filter((name) => name !== 'dist' && name !== 'CHANGELOG.md');
  assert.deepEqual(
    needed.filter((name) => !copied.includes(name)),
    [],
    'not in the image',
  );
});

test('turnpike init works among the files of the image', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-image-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [app, work] = [path.join(folder, 'app'), path.join(folder, 'work')];
  for (const name of [app, work]) mkdirSync(name);
  // The sources stand for dist/: both look for their files in the folder above them.
  for (const name of [...copiedFiles(), 'src'])
    cpSync(path.join(ROOT, name), path.join(app, name), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(app, 'node_modules'));
  // The command `turnpike` of the image is a link, too.
  assert.match(read('Dockerfile'), /ln -s \/app\/dist\/start\.cjs \/usr\/local\/bin\/turnpike\n/);
  const command = path.join(folder, 'turnpike');
  symlinkSync(path.join(app, 'src/start.cjs'), command);
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'init'], {
    cwd: work,
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.match(stdout, /wrote routes\.json\nwrote \.env/);
});
