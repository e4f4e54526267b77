import { resolve } from 'node:path';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { type DevGateway, startDev } from '../dev/dev-gateway.ts';
import { takeLateFault } from '../own/late-faults.ts';
import { DURATION_UNITS, parseDurationMs, parseShare } from '../schema-values.ts';
import type { Settings } from '../settings.ts';
import { commandIn } from './as-typed.ts';
import { CliFault, UsageError } from './cli-faults.ts';
import { isColoured } from './colour.ts';
import { type CliIo, EXIT } from './io.ts';
import { perform } from './perform.ts';
import { DEV } from './table/operating.ts';

/** `turnpike dev [file]`: runs until Ctrl-C. Resolves to the exit code. */
export async function runDev(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(DEV, argv, io, async ({ values, positionals }) => {
    const [file, ...more] = positionals;
    if (more.length > 0) throw new UsageError('one file at a time');
    const delayMs = parseDurationMs(values.latency);
    if (delayMs === undefined) throw new UsageError(`--latency takes a duration such as 200ms (${DURATION_UNITS})`);
    const failRatio = parseShare(values.fail);
    if (failRatio === undefined) throw new UsageError('--fail takes a percentage: 10%');
    const settings = readSettings(io, file, values);
    const ended = untilSignal(io);
    const hasStubs = !values['no-stubs'];
    const hasColour = isColoured(io, 'out');
    const options = { settings, env: io.env, hasStubs, delayMs, failRatio, isColoured: hasColour, out: io.out };
    const gateway = await startDev({ ...options, command: commandIn(io.env) }).catch(explainStart);
    return runUntil(ended, gateway, io);
  });
}

function readSettings(io: CliIo, file: string | undefined, { host, port, 'admin-port': adminPort }: Ports): Settings {
  loadDotEnv(process.cwd());
  const given = {
    HOST: host,
    ADMIN_HOST: host,
    ...(port !== undefined && { PORT: port }),
    ...(adminPort !== undefined && { ADMIN_PORT: adminPort }),
    ...(file !== undefined && { ROUTES_FILE: resolve(file) }),
  };
  return parseSettings({ ...io.env, ...given }, readDotEnv(process.cwd(), io.env));
}

interface Ports {
  readonly host: string;
  readonly port?: string | undefined;
  readonly 'admin-port'?: string | undefined;
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
        resolve(EXIT.internal);
      });
  });
}

function explainStart(error: unknown): never {
  const { code, port } = error as { code?: string; port?: number };
  if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
  const why = code === 'EADDRINUSE' ? 'is in use by another process' : "can't be used";
  throw new CliFault(`port ${port} ${why}: take another one by --port or --admin-port (0 picks a free one)`, 'failed', {
    cause: error,
  });
}
