import jwt from 'jsonwebtoken';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { DURATION_UNITS, parseDurationMs } from '../schema-values.ts';
import type { JwtSettings } from '../settings.ts';
import { CliFault, UsageError } from './cli-faults.ts';
import { type CliIo, EXIT } from './io.ts';
import { perform } from './perform.ts';
import { TOKEN } from './table/keys.ts';

/** `turnpike token …`: prints one signed token. Resolves to the exit code. */
export async function runToken(argv: readonly string[], io: CliIo, clock: Clock = systemClock): Promise<number> {
  return perform(TOKEN, argv, io, async ({ values }) => {
    const { sub } = values;
    const lifetimeMs = parseDurationMs(values.expires);
    if (sub === undefined) throw new UsageError('--sub USER is needed');
    if (lifetimeMs === undefined)
      throw new UsageError(`--expires takes a duration such as 15m or 1h (units: ${DURATION_UNITS})`);
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env, readDotEnv(process.cwd(), io.env)).jwt;
    if (settings?.secret === undefined)
      throw new CliFault('JWT_SECRET is not set. Make one with: openssl rand -base64 48', 'config');
    const claims = { ...readClaims(values.claim ?? []), sub, ...readFacts(values) };
    io.out(`${sign(claims, settings.secret, settings, clock.now(), lifetimeMs)}\n`);
    return EXIT.ok;
  });
}

interface Facts {
  readonly role?: string[] | undefined;
  readonly scope?: string | undefined;
  readonly plan?: string | undefined;
}

function readFacts({ role, scope, plan }: Facts): object {
  const roles = role?.flatMap((names) => names.split(','));
  return {
    ...(roles && { role: roles.length === 1 ? roles[0] : roles }),
    ...(scope && { scope }),
    ...(plan && { plan }),
  };
}

function readClaims(pairs: readonly string[]): Record<string, unknown> {
  const claims = pairs.map((pair) => {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (name === '') throw new UsageError(`--claim takes NAME=VALUE, not "${pair}"`);
    return [name, readValue(value)];
  });
  return Object.fromEntries(claims) as Record<string, unknown>;
}

/** JSON where it is JSON (`true`, `3`, `["a"]`), else the text as it is. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function sign(
  claims: object,
  secret: string,
  { issuer, audience, algorithms }: JwtSettings,
  nowMs: number,
  lifetimeMs: number,
): string {
  const algorithm = (['HS256', 'HS384', 'HS512'] as const).find((name) => algorithms.includes(name)) ?? 'HS256';
  const iat = Math.floor(nowMs / 1000);
  const exp = iat + Math.ceil(lifetimeMs / 1000);
  const aud = audience?.length === 1 ? audience[0] : audience;
  return jwt.sign({ ...(issuer && { iss: issuer }), ...(aud && { aud }), ...claims, iat, exp }, secret, { algorithm });
}
