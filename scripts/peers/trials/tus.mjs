import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { Upload } from 'tus-js-client';
import { listen, startRecipe } from '../recipe.mjs';

const PAGE = 'https://page.example';

async function setUp(t, settings = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'turnpike-tus-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const server = new Server({ path: '/files', datastore: new FileStore({ directory }), ...settings });
  const target = await listen(t, (req, res) => server.handle(req, res));
  const gateway = await startRecipe(t, 'tus', { 'http://localhost:4001': target }, { env: { CORS_ORIGINS: PAGE } });
  return { directory, gateway };
}

function upload(gateway, bytes, options) {
  return new Promise((resolve, reject) => {
    const one = new Upload(bytes, {
      endpoint: `${gateway.url}/files`,
      retryDelays: null,
      onError: reject,
      onSuccess: () => resolve(one.url),
      ...options,
    });
    one.start();
  });
}

for (const [name, settings] of [
  ['the Location of the server turned round', {}],
  ['a server that reads X-Forwarded-*', { respectForwardedHeaders: true }],
  ['a relative Location', { relativeLocation: true }],
]) {
  test(`tus: an upload whole and in chunks, ${name}`, async (t) => {
    const { directory, gateway } = await setUp(t, settings);
    for (const chunkSize of [Number.POSITIVE_INFINITY, 1_000_000]) {
      const bytes = randomBytes(3_500_000);
      const url = await upload(gateway, bytes, { chunkSize });
      assert.ok(url.startsWith(`${gateway.url}/files/`), url);
      assert.ok(readFileSync(join(directory, url.split('/').at(-1))).equals(bytes));
    }
  });
}

test('tus: an upload that was broken off goes on where it was', async (t) => {
  const { directory, gateway } = await setUp(t);
  const bytes = randomBytes(3_000_000);
  const url = await new Promise((resolve, reject) => {
    const first = new Upload(bytes, {
      endpoint: `${gateway.url}/files`,
      chunkSize: 1_000_000,
      retryDelays: null,
      onError: reject,
      onChunkComplete: (_size, accepted) => {
        if (accepted === 2_000_000) void first.abort().then(() => resolve(first.url));
      },
    });
    first.start();
  });
  const began = [];
  await upload(gateway, bytes, { uploadUrl: url, onProgress: (sent) => began.push(sent) });
  assert.ok(began[0] >= 2_000_000, `began again at ${began[0]}`);
  assert.ok(readFileSync(join(directory, url.split('/').at(-1))).equals(bytes));
});

test('tus: a page of another origin may send its methods, and read its fields', async (t) => {
  const { gateway } = await setUp(t);
  const preflight = await fetch(`${gateway.url}/files/x`, {
    method: 'OPTIONS',
    headers: {
      origin: PAGE,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'tus-resumable,upload-offset,content-type',
    },
  });
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PATCH/);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /upload-offset/);
  const created = await fetch(`${gateway.url}/files`, {
    method: 'POST',
    headers: { origin: PAGE, 'tus-resumable': '1.0.0', 'upload-length': '10' },
  });
  assert.equal(created.status, 201);
  assert.equal(created.headers.get('access-control-allow-origin'), PAGE);
  for (const name of ['Location', 'Upload-Offset', 'Tus-Resumable'])
    assert.match(created.headers.get('access-control-expose-headers') ?? '', new RegExp(name, 'i'));
});
