import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { cloneProject } from '../support/clone.ts';
import { type Command, type Fragment, readFragments, splitCommands } from '../support/documents.ts';
import { freeRun } from '../support/free-run.ts';
import { until } from '../support/until.ts';

const PAGE = 'docs/tutorial.md';
const FEWEST_STEPS = 25;
const page = readFragments().filter(({ file }) => file === PAGE);
const hasTools = ['bash', 'curl', 'npm', 'openssl'].every((tool) => spawnSync(tool, ['version']).error === undefined);
const skip = hasTools ? false : 'bash, curl, npm and openssl are needed';

/** The page speaks of the usual ports, which may be taken here. */
interface World {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, number>>;
}

const moved = (text: string, { ports }: World): string =>
  text.replace(/\b(?:3000|410[123])\b/g, (port) => String(ports[port]));

/** One bash, as somebody has it open: what a command sets is there for the next one. */
class Shell {
  readonly #child: ChildProcess;
  #said = '';

  constructor(t: TestContext, { folder, env }: World) {
    this.#child = spawn('bash', { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (chunk) => {
      this.#said += String(chunk);
    });
    t.after(() => void this.#child.kill('SIGKILL'));
  }

  async type(command: string): Promise<string> {
    this.#said = '';
    this.#child.stdin?.write(`{ ${command}\n} 2>&1\nprintf '<<end>>'\n`);
    await until(() => this.#said.includes('<<end>>'), { timeoutMs: 60_000, what: `an end of ${command}` });
    return this.#said.replace('<<end>>', '');
  }
}

/** What goes on running, in a terminal of its own. */
async function startBeside(t: TestContext, command: string, { folder, env }: World): Promise<void> {
  const [typed = '', log] = command.split(' | tee ');
  const child = spawn('npm', typed.split(' ').slice(1), { cwd: folder, env, detached: true, stdio: 'pipe' });
  if (log !== undefined) child.stdout.pipe(createWriteStream(path.join(folder, log)));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += String(chunk);
    });
  t.after(async () => {
    if (child.exitCode !== null || child.pid === undefined) return;
    process.kill(-child.pid, 'SIGKILL');
    await once(child, 'exit');
  });
  await until(() => said.includes('listens on') || child.exitCode !== null, { timeoutMs: 30_000, what: command });
  assert.equal(child.exitCode, null, said);
}

/** Says that the page promises this; `…` stands for anything. */
function assertShown(output: string, shown: string): void {
  const parts = shown
    .trim()
    .split('…')
    .map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('[\\s\\S]*?')}$`);
  const told = output.replaceAll('\r', '').replaceAll(/ +$/gm, '').trim();
  assert.ok(pattern.test(told), `the page shows\n${shown}\nand this came:\n${told}`);
}

/** Writes a file of the tutorial, and has it in force: nobody types within the two seconds that it may take. */
async function write({ text }: Fragment, world: World): Promise<void> {
  const name = text.includes('"cases"') ? 'cases.json' : 'routes.json';
  writeFileSync(path.join(world.folder, 'tutorial', name), moved(text, world));
  await reload(world);
}

async function reload({ env }: World): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${env['ADMIN_PORT']}/reload`, { method: 'POST' }).catch(() => undefined);
  if (answer === undefined) return;
  assert.notEqual(((await answer.json()) as { result: string }).result, 'refused');
}

/** What all of it prints, but what goes on running. */
async function typeAll(t: TestContext, commands: readonly Command[], world: World, shell: Shell): Promise<string> {
  let output = '';
  for (const { text } of commands) {
    const command = moved(text, world);
    if (/^npm (?:-s start|run -s stub)\b/.test(command)) await startBeside(t, command, world);
    else output += await shell.type(command);
    // What it has written may be consumers.
    await reload(world);
  }
  return output;
}

test('the tutorial, typed from its beginning to its end, does what it shows', { skip }, async (t) => {
  const first = await freeRun(5);
  const ports = { 3000: first, 4101: first + 1, 4102: first + 2, 4103: first + 3 };
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, PORT: `${first}`, ADMIN_PORT: `${first + 4}`, npm_config_update_notifier: 'false' };
  const world: World = { folder: cloneProject(t), env, ports };
  const shell = new Shell(t, world);
  let steps = 0;
  for (const [at, fragment] of page.entries()) {
    if (fragment.language === 'json') await write(fragment, world);
    if (fragment.language !== 'sh') continue;
    const commands = splitCommands(fragment).filter(({ text }) => text !== 'npm install');
    const output = await typeAll(t, commands, world, shell);
    steps += commands.length;
    const next = page[at + 1];
    if (next?.language === 'text')
      await t.test(`${PAGE}:${fragment.line}`, () => assertShown(output, moved(next.text, world)));
  }
  assert.ok(steps >= FEWEST_STEPS, `only ${steps} steps`);
  assert.match(readFileSync(path.join(world.folder, 'access.log'), 'utf8'), /"status":429/);
});
