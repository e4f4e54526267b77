import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { SECRET } from '../support/auth.ts';
import { cloneProject } from '../support/clone.ts';
import { type Command, readFragments, splitCommands } from '../support/documents.ts';
import { freeRun } from '../support/free-run.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const hasTools = ['bash', 'curl', 'npm'].every((tool) => spawnSync(tool, ['--version']).status === 0);
const COMMAND_LIMIT_MS = 60_000;
const FEWEST_COMMANDS = 60;

/** What is not tried here, and why. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/^npm (?:install|ci)\b/, 'fetches packages'],
  [/^npx turnpike\b/, 'needs the package installed: tried by packed.test.ts'],
  [/\bdocker\b|^kubectl\b|\/api\/hello\b/, 'needs Docker or a cluster'],
  [/^consul\b|localhost:8500|^curl localhost:9901\/state/, 'needs Consul, which has a suite of its own'],
  [
    /\$ADMIN\b|\$GATEWAY\b|^ADMIN=|^GATEWAY=|^api\(\)/,
    'needs a gateway with Redis, and has a test of its own: portal-flow.test.ts',
  ],
  [/^npm run bench\b|scripts\/bench\//, 'measures for minutes'],
  [/^node dist\//, 'needs what npm run build has made'],
  [/^npm run demo\b|^npm start$|^npm run stub\b/, 'runs until it is stopped: started by this test'],
];

const commands = readFragments()
  // The tutorial has a test of its own: tutorial.test.ts.
  .filter(({ file, language }) => language === 'sh' && file !== 'docs/tutorial.md')
  .flatMap(splitCommands);

const isTried = ({ text }: Command) => !LEFT_OUT.some(([pattern]) => pattern.test(text));
const tried = commands.filter(isTried);

test('the documents have commands to try, and each one that is left out is there', () => {
  assert.ok(tried.length >= FEWEST_COMMANDS, `only ${tried.length}`);
  for (const [pattern, why] of LEFT_OUT)
    assert.ok(
      commands.some(({ text }) => pattern.test(text)),
      why,
    );
});

interface World {
  readonly folder: string;
  /** Of the gateway, its admin, and the first service. */
  readonly ports: readonly [number, number, number];
  readonly env: Readonly<Record<string, string>>;
}

/** The commands speak of the usual ports, which may be taken here. */
function withPorts(text: string, [port, adminPort, stubPort]: World['ports']): string {
  return text
    .replaceAll('localhost:3000', `localhost:${port}`)
    .replaceAll('localhost:9901', `127.0.0.1:${adminPort}`)
    .replace(/localhost:(40\d\d)\b/g, (_, at: string) => `127.0.0.1:${stubPort + Number(at) - 4001}`);
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
  /** Of every curl in it, in order. */
  readonly statuses: readonly string[];
}

// Whatever else a line prints, the status of each call is told beside it.
const PRELUDE = `curl() { command curl -w '%{stderr}<<%{http_code}>>' "$@"; }
`;

/** Runs one command as a person in that folder would; `earlier` are the variables that were set before it. */
async function run(world: World, command: Command, earlier: string): Promise<Ran> {
  const script = withPorts(`${PRELUDE}${earlier}${command.text}`, world.ports);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('bash', ['-c', script], {
    cwd: world.folder,
    env: { PATH, HOME, npm_config_update_notifier: 'false', ...world.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: COMMAND_LIMIT_MS,
  });
  // Most commands end without having read it.
  child.stdin.on('error', () => {});
  child.stdin.end('correct horse battery\n');
  let output = '';
  let told = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    told += String(chunk);
  });
  const [code] = await once(child, 'close');
  const statuses = [...told.matchAll(/<<(\d{3})>>/g)].map(([, status = '']) => status);
  const printed = !command.text.includes('%{http_code}')
    ? []
    : [...output.matchAll(/(?<=^|\s)([1-5]\d\d)(?=\s|$)/g)].map(([, status = '']) => status);
  return { code, output: `${output}${told}`, statuses: statuses.length > 0 ? statuses : printed };
}

/** What its comment says comes back, what stands behind a ";" perhaps; without a word it is success. */
function assertAsSaid({ comment, text }: Command, { code, output, statuses }: Ran): void {
  const statusesIn = (words: string): readonly string[] => words.match(/\b[1-5]\d\d\b/g) ?? [];
  const said = statusesIn(comment);
  for (const status of statuses) {
    assert.ok(
      said.includes(status) || (said.length === 0 && /^[123]/.test(status)),
      `${status}: ${comment}\n${output}`,
    );
  }
  for (const status of statusesIn(comment.split(';')[0] ?? '')) {
    assert.ok(statuses.includes(status), `no ${status}\n${output}`);
  }
  // docs/errors.md: it stands on every answer that the gateway makes itself.
  if (/^content-type: application\/problem\+json/im.test(output))
    assert.match(output, /^proxy-status: turnpike; error=/im);
  const [, service, seen] = /(\w+) sees (\S+)/.exec(comment) ?? [];
  if (service !== undefined) assert.match(output, new RegExp(`"service": "${service}"[\\s\\S]*"path": "${seen}"`));
  // A socket that stays open is ended by the time that the line gives it.
  if (!text.includes('--max-time')) assert.equal(code, 0, output);
  assert.doesNotMatch(output, /\bat .*\.(?:ts|js):\d+|command not found/);
}

const ASSIGNMENT = /^(?:export )?[A-Z_]+=(?:"[^\n]*"|[^\s"']+)$/;

/** Tries the commands of a page in their order. */
async function tryAll(t: TestContext, world: World, list: readonly Command[]): Promise<void> {
  let earlier = '';
  for (const command of list) {
    if (ASSIGNMENT.test(command.text)) {
      earlier += `${command.text}\n`;
      continue;
    }
    const { file, line } = command.fragment;
    await t.test(`${file}:${line} ${command.text.split('\n')[0]}`, async () => {
      assertAsSaid(command, await run(world, command, earlier));
    });
  }
}

/** The demo in a folder of its own, as `npm run demo` starts it; answers the key and the token that it prints. */
async function startDemo(t: TestContext, folder: string, targets: string): Promise<World> {
  const stubPort = await freeRun(14);
  const ports = [stubPort + 12, stubPort + 13, stubPort] as const;
  const [port, adminPort] = ports;
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, PORT: `${port}`, ADMIN_PORT: `${adminPort}`, STUB_PORT: `${stubPort}` };
  const demo = spawn(process.execPath, ['scripts/demo.ts', '--ai', '--targets', targets], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endAfter(t, demo);
  let printed = '';
  demo.stdout?.on('data', (chunk) => {
    printed += String(chunk);
  });
  await until(() => printed.includes('Ctrl-C stops everything'), { timeoutMs: 30_000, what: 'the lines of the demo' });
  const [KEY = ''] = /tpk_\w+/.exec(printed) ?? [];
  const [, TOKEN = ''] = /Bearer ([\w.-]+)/.exec(printed) ?? [];
  return { folder, ports, env: { KEY, TOKEN, JTI: 'b7f1' } };
}

function endAfter(t: TestContext, child: ChildProcess): void {
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGINT');
    await once(child, 'exit');
  });
}

const speaksToDemo = ({ text }: Command) => /localhost:(?:3000|9901|40)/.test(text);
const OWN_START = 'docs/getting-started.md';
const pages = [...new Set(tried.filter(speaksToDemo).map(({ fragment }) => fragment.file))].filter(
  (file) => file !== OWN_START,
);
const skip = hasTools ? false : 'bash, curl and npm are needed';

for (const file of pages) {
  test(`${file}: every call does against the demo what it says`, { skip }, async (t) => {
    const page = tried.filter(({ fragment }) => fragment.file === file);
    const world = await startDemo(t, cloneProject(t), '3');
    await tryAll(
      t,
      world,
      page.filter((one) => speaksToDemo(one) || ASSIGNMENT.test(one.text)),
    );
  });
}

const others = tried.filter(
  (one) => one.fragment.file !== OWN_START && !speaksToDemo(one) && !ASSIGNMENT.test(one.text),
);
const skipOthers = { ...needsRedis, ...(skip === false ? {} : { skip }) };

for (const file of new Set(others.map(({ fragment }) => fragment.file))) {
  test(`${file}: every other command does what it says in a fresh clone`, skipOthers, async (t) => {
    const redis = await startRedisServer();
    t.after(() => redis.stop());
    const folder = cloneProject(t);
    writeFileSync(path.join(folder, 'other.json'), '{ "routes": [] }');
    const env = { JWT_SECRET: SECRET, REDIS_URL: redis.url };
    const page = others.filter(({ fragment }) => fragment.file === file);
    await tryAll(t, { folder, ports: [0, 0, 0], env }, page);
  });
}

test('the first steps lead from a clone to a service with a key, a token and a limit', { skip }, async (t) => {
  const folder = cloneProject(t);
  const stubPort = await freeRun(3);
  const ports = [stubPort + 1, stubPort + 2, stubPort - 99] as const;
  const settings = { PORT: `${ports[0]}`, ADMIN_PORT: `${ports[1]}`, JWT_SECRET: 's'.repeat(48) };
  const world: World = { folder, ports, env: settings };
  const start = (argv: readonly string[]) => {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn('npm', argv, {
      cwd: folder,
      env: { PATH, HOME, ...settings },
      stdio: 'ignore',
      detached: true,
    });
    t.after(async () => {
      if (child.exitCode !== null || child.pid === undefined) return;
      process.kill(-child.pid, 'SIGTERM');
      await once(child, 'exit');
    });
  };
  const url = `http://127.0.0.1:${ports[0]}/hello`;
  const statusOf = async (address: string, headers = {}) =>
    (await fetch(address, { headers }).catch(() => undefined))?.status;
  const page = commands.filter(({ fragment }) => fragment.file === OWN_START);
  start(['run', 'stub', '--', '--port', String(stubPort), '--name', 'hello']);
  const say = (from: string, to: string) => {
    const file = path.join(folder, 'my-gateway/routes.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
  };
  let key = '';
  for (const command of page.filter((one) => isTried(one) || one.text === 'npm start')) {
    const { text } = command;
    if (text === 'npm start') {
      // Under "Or a token" it is started again, with the secret that this one has from the beginning.
      if (key !== '') continue;
      say('localhost:4100', `localhost:${stubPort}`);
      start(['start']);
      await until(async () => (await statusOf(url)) === 200, { timeoutMs: 30_000, what: 'the gateway' });
    } else if (text.startsWith('npm run key')) {
      say('"auth": "none",', '');
      await until(async () => (await statusOf(url)) === 401, { timeoutMs: 15_000, what: 'a route that asks' });
      key = /tpk_\w+/.exec((await run(world, command, '')).output)?.[0] ?? '';
      const headers = { 'x-api-key': key };
      await until(async () => (await statusOf(url, headers)) === 200, { timeoutMs: 15_000, what: 'the key' });
    } else {
      await tryAll(t, world, [{ ...command, text: text.replace('tpk_...', key) }]);
    }
  }
  assert.notEqual(key, '');
});
