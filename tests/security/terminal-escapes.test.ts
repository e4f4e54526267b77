import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMessageLog } from '../../src/log/log.ts';
import { createTargetScreen } from '../../src/upstream/discovery/target-screen.ts';
import { startGateway } from '../support/gateway.ts';
import { askRaw } from '../support/http.ts';

/**
 * The attack: whoever may register an instance with discovery, or send a request, puts control characters into what
 * an operator will read on a terminal: to clear the screen, to recolour, to write lines that the gateway never wrote.
 */
const EVIL = '10.0.0.1\u001b[2J\u001b]0;owned\u0007\r\n00:00:00.000 info  all is well\u009b31m';
const COLOURS = new RegExp(['31', '33', '36', '90', '0'].map((code) => `\\u001b\\[${code}m`).join('|'), 'g');
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

function logOf(logFormat: 'json' | 'pretty') {
  const lines: string[] = [];
  const log = createMessageLog({ logLevel: 'info', logFormat }, { append: (line) => void lines.push(line) });
  return { log, lines };
}

test('an address that discovery made up writes no line and no escape of its own on a terminal', () => {
  const { log, lines } = logOf('pretty');
  const screen = createTargetScreen('service "a" (consul)', { scheme: 'http' }, {
    log,
    settings: { port: 3000, adminPort: 9901 },
  } as never);
  assert.equal(screen(EVIL, 80, 1), undefined);
  log.warn('a field', { address: EVIL, error: new Error(EVIL) });
  assert.equal(lines.length, 2);
  for (const line of lines) {
    const [first, ...rest] = line.replace(COLOURS, '').split('\n');
    assert.match(first ?? '', /warn/);
    assert.doesNotMatch(line.replace(COLOURS, ''), CONTROLS);
    for (const other of rest) assert.match(other, /^ {2}/, 'what goes on is indented, and so no line of its own');
  }
});

test('an error list of several lines stays readable', () => {
  const { log, lines } = logOf('pretty');
  log.error('configuration refused\nroutes.json:1:2  wrong');
  assert.match(lines[0] ?? '', /configuration refused\n {2}routes\.json:1:2 {2}wrong$/);
});

for (const LOG_FORMAT of ['json', 'pretty']) {
  test(`nothing that a client sends ends a line of the access log (${LOG_FORMAT})`, async (t) => {
    const gateway = await startGateway(t, { env: { LOG_FORMAT }, file: { routes: [] } });
    const agent = 'a","status":200,"x":"\\\u009b31m\u0085';
    const head = `Host: a\r\nUser-Agent: ${agent}\r\nX-Request-Id: ","level":"x\r\nConnection: close\r\n\r\n`;
    await askRaw(gateway.port, Buffer.from(`GET /","status":200,"x":"%1b%0d%0a?%1b HTTP/1.1\r\n${head}`, 'latin1'));
    await askRaw(gateway.port, Buffer.from(`GET /"x"?"a"="b" HTTP/1.1\r\n${head}`, 'latin1'));
    assert.equal(gateway.accessLines.length, 2);
    for (const line of gateway.accessLines) {
      assert.doesNotMatch(line, /[\n\r]/);
      if (LOG_FORMAT === 'pretty') assert.doesNotMatch(line.replace(COLOURS, ''), CONTROLS);
      else assert.notEqual(JSON.parse(line).status, 200);
    }
  });
}

test('no command shows what a terminal obeys of a request, a token, a file or its own words', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-escapes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'routes.json');
  const routes = [{ prefix: '/j', target: 'http://127.0.0.1:9', auth: 'jwt' }];
  writeFileSync(file, JSON.stringify({ issuers: [{ issuer: 'me', secret: '${ENV:ISSUER_SECRET}' }], routes }));
  const evil = '\u001b[2Jred\u009b31m\u202e\u0007';
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'HS256' })}.${part({ sub: evil, iss: evil, aud: evil, exp: 1 })}.AAAA`;
  const asked: readonly (readonly string[])[] = [
    ['explain', '--file', file, 'GET', '/j', '-H', `authorization: Bearer ${token}`],
    ['explain', '--json', '--file', file, 'GET', '/j', '-H', `authorization: Bearer ${token}`],
    ['explain', '--file', file, `/j/${evil}`],
    ['explain', '--file', file, `http://${evil}/j`],
    ['explain', '--file', file, '/j', '-H', `${evil}: x`],
    ['explain', '--', 'curl', `http://a/${evil}`, `http://b/${evil}`],
    ['what-if', `${folder}/${evil}`],
    [`what${evil}`],
  ];
  const env = { PATH: process.env['PATH'], ISSUER_SECRET: 'k3j4hFGkjh5K3jh45kjhZXCVkjh3k4j5h', ADMIN_PORT: '1' };
  for (const words of asked) {
    const { stdout, stderr } = spawnSync(process.execPath, ['src/start.cjs', ...words], { env, encoding: 'utf8' });
    assert.ok(stdout + stderr !== '', words.join(' '));
    assert.doesNotMatch(stdout + stderr, OBEYED, JSON.stringify(words));
  }
});
