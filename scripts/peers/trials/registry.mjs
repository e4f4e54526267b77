import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../../../tests/support/service.ts';
import { until } from '../../../tests/support/until.ts';
import { startRecipe } from '../recipe.mjs';

const run = promisify(execFile);
const isThere = ['docker-registry', 'skopeo'].every((tool) => spawnSync(tool, ['--version']).status === 0);
const skip = isThere ? false : 'docker-registry and skopeo are not installed';

async function startRegistry(t, folder) {
  const port = await freePort();
  const file = join(folder, 'registry.yml');
  const settings = { version: '0.1', storage: { filesystem: { rootdirectory: join(folder, 'stored') } } };
  writeFileSync(file, JSON.stringify({ ...settings, http: { addr: `127.0.0.1:${port}`, secret: 'trial' } }));
  const child = spawn('docker-registry', ['serve', file], { stdio: 'ignore' });
  t.after(async () => {
    const exited = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${url}/v2/`).catch(() => undefined))?.status === 200);
  return url;
}

/** An image of one layer in a folder, as the OCI image layout says. */
function writeImage(folder, layer) {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const store = (bytes, mediaType) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'blobs/sha256', hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };
  const json = (value, mediaType) => store(Buffer.from(JSON.stringify(value)), mediaType);
  const stored = store(layer, 'application/vnd.oci.image.layer.v1.tar');
  const config = json(
    { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [stored.digest] }, config: {} },
    'application/vnd.oci.image.config.v1+json',
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = json({ schemaVersion: 2, mediaType, config, layers: [stored] }, mediaType);
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
}

test('a container registry: a push of megabytes and a pull', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-registry-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const gateway = await startRecipe(t, 'A container registry', {
    'http://localhost:4001': await startRegistry(t, folder),
  });
  const layer = randomBytes(5_000_000);
  writeImage(join(folder, 'image'), layer);
  const name = `docker://${new URL(gateway.url).host}/team/image:1`;
  const copy = (...args) => run('skopeo', ['--insecure-policy', 'copy', ...args], { timeout: 15_000 });
  await copy('--dest-tls-verify=false', '--dest-no-creds', `oci:${join(folder, 'image')}`, name);
  await copy('--src-tls-verify=false', '--src-no-creds', name, `dir:${join(folder, 'pulled')}`);
  const hash = createHash('sha256').update(layer).digest('hex');
  // skopeo packs a plain layer on its way to a registry.
  const manifest = JSON.parse(readFileSync(join(folder, 'pulled/manifest.json'), 'utf8'));
  assert.equal(manifest.layers.length, 1);
  const answer = await fetch(`${gateway.url}/v2/team/image/blobs/${manifest.layers[0].digest}`);
  assert.equal(answer.status, 200);
  assert.ok((await answer.arrayBuffer()).byteLength >= layer.length || manifest.layers[0].digest.endsWith(hash));
});
