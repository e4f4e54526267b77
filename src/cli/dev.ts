import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { type DevGateway, startDev } from '../dev/dev-gateway.ts';
import { takeLateFault } from '../own/late-faults.ts';
import { DURATION_UNITS, parseDurationMs, parseShare } from '../schema-values.ts';
import { asTyped, commandIn } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike dev [file] [--port 3000] [--admin-port 9901] [options]

Runs the gateway on routes.json (or FILE) for one person at one terminal. A stub
answers for every service that nobody runs, and gives way when the real one comes.
Requests are shown as they come, and why each refused one was. A save is in force
at once. The API key and the token that it shows are made for the run alone.

  --port N        the main port (default PORT, or 3000); 0 picks a free one
  --admin-port N  the admin port (default ADMIN_PORT, or 9901)
  --host ADDRESS  where both listen (default 127.0.0.1)
  --no-stubs      no stub for anybody
  --latency D     what stubs wait before they answer: 200ms
  --fail P        how many of their answers are 500: 10%

Exit code: 0 ended by Ctrl-C or SIGTERM, 1 it could not start, 64 a wrong call,
78 faults in the file.
`;

const OPTIONS = {
  port: { type: 'string' },
  'admin-port': { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  'no-stubs': { type: 'boolean', default: false },
  latency: { type: 'string', default: '0ms' },
  fail: { type: 'string', default: '0%' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `turnpike dev [file]`: runs until Ctrl-C. Resolves to the exit code. */
export async function runDev(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    if (positionals.length > 1) throw new UsageError('one file at a time');
    const delayMs = parseDurationMs(values.latency);
    if (delayMs === undefined) throw new UsageError(`--latency takes a duration such as 200ms (${DURATION_UNITS})`);
    const failRatio = parseShare(values.fail);
    if (failRatio === undefined) throw new UsageError('--fail takes a percentage: 10%');
    loadDotEnv(process.cwd());
    const [file] = positionals;
    const given = {
      HOST: values.host,
      ADMIN_HOST: values.host,
      ...(values.port !== undefined && { PORT: values.port }),
      ...(values['admin-port'] !== undefined && { ADMIN_PORT: values['admin-port'] }),
      ...(file !== undefined && { ROUTES_FILE: resolve(file) }),
    };
    const settings = parseSettings({ ...io.env, ...given }, readDotEnv(process.cwd(), io.env));
    const ended = untilSignal(io);
    const gateway = await startDev({
      settings,
      env: io.env,
      hasStubs: !values['no-stubs'],
      delayMs,
      failRatio,
      isColoured: process.stdout.isTTY === true && !io.env['NO_COLOR'],
      out: io.out,
      command: commandIn(io.env),
    });
    return await runUntil(ended, gateway, io);
  } catch (error) {
    return explainStart(error, io);
  }
}

async function runUntil(ended: Promise<number>, gateway: DevGateway, io: CliIo): Promise<number> {
  const code = await ended;
  io.out('\nstopping\n');
  await gateway.close();
  return code;
}

/** Resolves at the first signal, or at a fault that nobody waits for; a second signal ends the process by itself. */
function untilSignal(io: CliIo): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(EXIT.ok));
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error: unknown) => {
        const tell = (what: string) => (fault: unknown) => io.err(`${what}: ${String(fault)}\n`);
        if (takeLateFault(error, tell('an own stage failed where nobody waits for it'))) return;
        tell('turnpike dev has a fault')(error instanceof Error ? error.stack : error);
        resolve(EXIT.failed);
      });
  });
}

function explainStart(error: unknown, io: CliIo): number {
  const { code, port } = error as { code?: string; port?: number };
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return explainFault('dev', USAGE, error, io);
  const why = code === 'EADDRINUSE' ? 'is in use by another process' : "can't be used";
  io.err(`turnpike dev: port ${port} ${why}: take another one by --port or --admin-port (0 picks a free one)\n`);
  return EXIT.failed;
}
