import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { signDebugToken } from '../lib/debug-token.ts';
import { DURATION_UNITS, parseDurationMs } from '../schema-values.ts';
import { CliFault, UsageError } from './cli-faults.ts';
import { type CliIo, EXIT } from './io.ts';
import { perform } from './perform.ts';
import { DEBUG_TOKEN } from './table/keys.ts';

const LONGEST_MS = 24 * 60 * 60 * 1000;

/** `turnpike debug-token`: prints one. Resolves to the exit code. */
export async function runDebugToken(argv: readonly string[], io: CliIo, clock: Clock = systemClock): Promise<number> {
  return perform(DEBUG_TOKEN, argv, io, async ({ values }) => {
    const lifetimeMs = parseDurationMs(values.ttl);
    if (lifetimeMs === undefined || lifetimeMs <= 0 || lifetimeMs > LONGEST_MS)
      throw new UsageError(`--ttl takes a duration of at most a day, such as 10m or 1h (units: ${DURATION_UNITS})`);
    loadDotEnv(process.cwd());
    const { adminToken } = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    if (adminToken === undefined)
      throw new CliFault('ADMIN_TOKEN is not set, and without it the gateway takes no such token', 'config');
    io.out(`${signDebugToken(adminToken, clock.now() + lifetimeMs)}\n`);
    return EXIT.ok;
  });
}
