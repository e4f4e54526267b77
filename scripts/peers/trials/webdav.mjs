import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { createClient } from 'webdav';
import { v2 as dav } from 'webdav-server';
import { listen, startRecipe } from '../recipe.mjs';

async function setUp(t) {
  const users = new dav.SimpleUserManager();
  const user = users.addUser('ann', 'secret', true);
  const rights = new dav.SimplePathPrivilegeManager();
  rights.setRights(user, '/', ['all']);
  const server = new dav.WebDAVServer({
    httpAuthentication: new dav.HTTPBasicAuthentication(users, 'files'),
    privilegeManager: rights,
  });
  // The server mounted below its prefix, as its own middleware for Express does it.
  const mounted = dav.extensions.express('/dav', server);
  const target = await listen(
    t,
    createServer((req, res) => {
      req.path = req.url;
      mounted(req, res, () => res.writeHead(404).end());
    }),
  );
  const gateway = await startRecipe(t, 'WebDAV', { 'http://localhost:4001': target });
  return { gateway, client: createClient(`${gateway.url}/dav`, { username: 'ann', password: 'secret' }) };
}

test('WebDAV: folders, files of some megabytes, copies and moves', async (t) => {
  const { client } = await setUp(t);
  const bytes = randomBytes(3 * 1024 * 1024);
  await client.createDirectory('/folder');
  await client.putFileContents('/folder/a b.bin', bytes);
  assert.ok(Buffer.from(await client.getFileContents('/folder/a b.bin')).equals(bytes));
  await client.moveFile('/folder/a b.bin', '/folder/moved.bin');
  await client.copyFile('/folder/moved.bin', '/folder/copy.bin');
  const names = (await client.getDirectoryContents('/folder')).map(({ filename }) => filename);
  assert.deepEqual(names.toSorted(), ['/folder/copy.bin', '/folder/moved.bin']);
  const lock = await client.lock('/folder/copy.bin');
  assert.ok(lock.token.length > 0);
  await client.unlock('/folder/copy.bin', lock.token);
  await client.deleteFile('/folder/copy.bin');
  assert.equal(await client.exists('/folder/copy.bin'), false);
});

test('WebDAV: a wrong password is the refusal of the server, with its challenge', async (t) => {
  const { gateway } = await setUp(t);
  const answer = await fetch(`${gateway.url}/dav/`, { method: 'PROPFIND', headers: { depth: '1' } });
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic realm="files"/);
});
