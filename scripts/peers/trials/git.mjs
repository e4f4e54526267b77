import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { listen, startRecipe } from '../recipe.mjs';

const run = promisify(execFile);
const skip = spawnSync('git', ['http-backend', '--version']).error === undefined ? false : 'git is not installed';

/** Git's own server, which is a CGI program (RFC 3875). */
function serveGit(folder) {
  return (req, res) => {
    const [path, query = ''] = req.url.split('?');
    const { 'content-type': type = '', 'content-encoding': encoding = '', 'git-protocol': protocol = '' } = req.headers;
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'ann',
        REQUEST_METHOD: req.method,
        PATH_INFO: path,
        QUERY_STRING: query,
        CONTENT_TYPE: type,
        HTTP_CONTENT_ENCODING: encoding,
        HTTP_GIT_PROTOCOL: protocol,
        GIT_PROTOCOL: protocol,
        ...(req.headers['content-length'] && { CONTENT_LENGTH: req.headers['content-length'] }),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.stdin.on('error', () => {});
    req.pipe(child.stdin);
    let head = Buffer.alloc(0);
    const readHead = (chunk) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      child.stdout.off('data', readHead);
      const fields = head
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(': '));
      const [, status = '200'] = fields.find(([name]) => name === 'Status') ?? [];
      res.writeHead(Number.parseInt(status, 10), fields.filter(([name]) => name !== 'Status').flat());
      res.write(head.subarray(end + 4));
      child.stdout.pipe(res);
    };
    child.stdout.on('data', readHead);
  };
}

for (const version of [0, 2]) {
  test(`git: a push of megabytes and a clone, protocol ${version}`, { skip }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'turnpike-git-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
    const git = (...args) =>
      run(
        'git',
        ['-c', `protocol.version=${version}`, '-c', 'user.name=Ann', '-c', 'user.email=a@b.example', ...args],
        {
          cwd: folder,
          env,
          timeout: 15_000,
        },
      );
    await git('init', '-q', '--bare', 'served/project.git');
    const target = await listen(t, serveGit(join(folder, 'served')));
    const gateway = await startRecipe(t, 'git over HTTP', { 'http://localhost:4001': target });
    const url = `${gateway.url}/git/project.git`;
    await git('init', '-q', '-b', 'main', 'work');
    writeFileSync(join(folder, 'work/file.bin'), randomBytes(5_000_000));
    await git('-C', 'work', 'add', '-A');
    await git('-C', 'work', 'commit', '-qm', 'First');
    await git('-C', 'work', 'push', '-q', url, 'main');
    await git('clone', '-q', '-b', 'main', url, 'clone');
    assert.ok(readFileSync(join(folder, 'clone/file.bin')).equals(readFileSync(join(folder, 'work/file.bin'))));
    assert.match((await git('ls-remote', url)).stdout, /refs\/heads\/main/);
  });
}
