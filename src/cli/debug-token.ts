import { parseArgs } from 'node:util';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { signDebugToken } from '../lib/debug-token.ts';
import { DURATION_UNITS, parseDurationMs } from '../schema-values.ts';
import { asTyped } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike debug-token [--ttl 10m]

Signs a token with ADMIN_TOKEN. Whoever sends it in X-Gateway-Debug is told in
X-Gateway-Trace what each stage has decided about the request; so is the log.
At most for a day; a gateway with another ADMIN_TOKEN takes none of them.
`;

const OPTIONS = { ttl: { type: 'string', default: '10m' }, help: { type: 'boolean', short: 'h' } } as const;

const LONGEST_MS = 24 * 60 * 60 * 1000;

/** `turnpike debug-token`: prints one. Resolves to the exit code. */
export async function runDebugToken(argv: readonly string[], io: CliIo, clock: Clock = systemClock): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS, strict: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const lifetimeMs = parseDurationMs(values.ttl);
    if (lifetimeMs === undefined || lifetimeMs <= 0 || lifetimeMs > LONGEST_MS)
      throw new UsageError(`--ttl takes a duration of at most a day, such as 10m or 1h (units: ${DURATION_UNITS})`);
    loadDotEnv(process.cwd());
    const { adminToken } = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    if (adminToken === undefined) {
      io.err('turnpike debug-token: ADMIN_TOKEN is not set, and without it the gateway takes no such token\n');
      return EXIT.config;
    }
    io.out(`${signDebugToken(adminToken, clock.now() + lifetimeMs)}\n`);
    return EXIT.ok;
  } catch (error) {
    return explainFault('debug-token', USAGE, error, io);
  }
}
