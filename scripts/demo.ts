import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../src/auth/api-key-format.ts';
import { type Stub, startStub } from '../src/dev/stub-service.ts';
import { AI_PARTS, aiFile, aiLines } from './demo/ai-parts.ts';
import { findTaken } from './demo/ports.ts';
import { createOverlay } from './demo/routes-overlay.ts';
import { demoSteps, renderSteps } from './demo/steps.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const SERVICES = ['users', 'orders', 'products'];
const START_LIMIT_MS = 15_000;

// A person's own settings would change what the demo shows, so only these are handed on to the gateway.
const HANDED_ON = /^(?:PATH|HOME|LANG|LC_.*|TZ|TMPDIR|TERM|NODE_.*|NO_COLOR|FORCE_COLOR|HOST|LOG_.*|OTEL_.*)$/;

const port = Number(process.env['PORT'] ?? 3000);
const adminPort = Number(process.env['ADMIN_PORT'] ?? 9901);
const stubPort = Number(process.env['STUB_PORT'] ?? 4001);
const { values } = parseArgs({
  options: { targets: { type: 'string', default: '1' }, ai: { type: 'boolean', default: false } },
});
// More targets of the service users stand ten ports higher: 4001, 4011, 4012 and so on.
const usersPorts = Array.from({ length: Math.min(Math.max(Number(values.targets) || 1, 1), 9) }, (_, at) =>
  at === 0 ? stubPort : stubPort + 9 + at,
);

await runDemo();

async function runDemo(): Promise<void> {
  const secret = randomBytes(48).toString('base64url');
  const key = createApiKey();
  const token = jwt.sign({ sub: 'alice', role: 'admin' }, secret, { expiresIn: '12h' });

  if (!(await hasPorts())) return;
  const stubs = await startStubs();
  if (stubs === undefined) return;
  const more = values.ai ? aiFile(stubPort) : {};
  const keyHash = hashApiKey(key);
  const overlay = createOverlay(path.join(ROOT, 'routes.json'), { stubPort, usersPorts, keyHash, more });
  const gateway = spawn(process.execPath, [path.join(ROOT, 'src/start.cjs')], {
    // Away from the project, so that a .env there has no say.
    cwd: overlay.folder,
    stdio: 'inherit',
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => HANDED_ON.test(name))),
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      ROUTES_FILE: overlay.file,
      JWT_SECRET: secret,
      CORS_ORIGINS: 'http://localhost:5173',
      DRAIN_DELAY: '0s',
    },
  });
  const ended = once(gateway, 'exit');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => gateway.kill(signal));

  if (await isUp(gateway, key)) {
    const steps = demoSteps({ port, adminPort, stubPort, usersPorts, key, token });
    console.log(`\nThe gateway runs on http://localhost:${port}, before three services. Try, in this order:\n`);
    console.log(renderSteps(steps));
    console.log(`  For the commands in docs/:  export KEY=${key} TOKEN=${token}`);
    console.log(`  Start products again:  npm run stub -- --port ${stubPort + 2} --name products`);
    console.log(`  A page beside its API: http://localhost:${port}/page/`);
    for (const line of values.ai ? aiLines(port) : []) console.log(line);
    console.log('  Edit routes.json while this runs: it is in force at once. Ctrl-C stops everything.\n');
  }
  const [code] = await ended;
  overlay.remove();
  await Promise.all(stubs.map((stub) => stub.stop()));
  process.exitCode = code ?? 0;
}

/** False where somebody else has a port of the gateway, and says so. */
async function hasPorts(): Promise<boolean> {
  const taken = await findTaken([
    { setting: 'PORT', port, host: process.env['HOST'] ?? '0.0.0.0' },
    { setting: 'ADMIN_PORT', port: adminPort, host: '127.0.0.1' },
  ]);
  for (const one of taken) console.error(`Port ${one.port} is taken: set ${one.setting} to a free one.`);
  if (taken.length > 0) process.exitCode = 1;
  return taken.length === 0;
}

async function startStubs(): Promise<readonly Stub[] | undefined> {
  const wanted: { readonly name: string; readonly port: number; readonly start?: typeof startStub }[] = [
    ...SERVICES.map((name, index) => ({ name, port: stubPort + index })),
    ...usersPorts.slice(1).map((port) => ({ name: 'users', port })),
    ...(values.ai ? AI_PARTS : []).map(({ name, offset, start }) => ({ name, port: stubPort + offset, start })),
  ];
  const started = await Promise.allSettled(wanted.map(({ start = startStub, ...one }) => start(one)));
  const taken = wanted.filter((_, at) => started[at]?.status === 'rejected').map((one) => one.port);
  const stubs = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (taken.length === 0) return stubs;
  await Promise.all(stubs.map((stub) => stub.stop()));
  console.error(`The services of the demo can't listen on ${taken.join(', ')}: taken, most likely.`);
  console.error("Set STUB_PORT to the first of three free ports (PORT and ADMIN_PORT are the gateway's own).");
  process.exitCode = 1;
  return undefined;
}

/**
 * Waits until the gateway answers; false when it ended instead, and has said why. It is asked who the key belongs to,
 * which no other gateway on that port could say.
 */
async function isUp(gateway: ChildProcess, key: string): Promise<boolean> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (gateway.exitCode === null && gateway.signalCode === null && performance.now() < deadline) {
    const me = `http://127.0.0.1:${port}/-/me`;
    const answer = await fetch(me, { headers: { 'x-api-key': key } }).catch(() => undefined);
    if (answer?.ok && (await answer.text()).includes('"demo"')) return gateway.exitCode === null;
    await wait(50);
  }
  return false;
}
