import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { daysBetween, readUsage, renderUsageCsv } from '../limits/usage-report.ts';
import { createMessageLog } from '../log/log.ts';
import { createRedis, isUpWithin, type RedisLink } from '../redis/link.ts';
import { CliFault, UsageError } from './cli-faults.ts';
import { type CliIo, EXIT } from './io.ts';
import { perform } from './perform.ts';
import { withProgress } from './progress.ts';
import { USAGE } from './table/keys.ts';

const CONNECT_TIMEOUT_MS = 5000;
/** Nobody waits for it but a person. */
const READ_TIMEOUT_MS = 10_000;
const MAX_DAYS = 400;

/** `turnpike usage …`: prints the usage report. Resolves to the exit code. */
export async function runUsage(argv: readonly string[], io: CliIo, clock: Clock = systemClock): Promise<number> {
  return perform(USAGE, argv, io, async ({ values }) => {
    const days = readDays(values, clock.now());
    const isJson = readFormat(values.format) === 'json';
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    if (settings.redisUrl === undefined)
      throw new CliFault('REDIS_URL is not set, and usage is kept only in Redis', 'config');
    const log = createMessageLog({ ...settings, logLevel: 'error' }, { append: (line) => io.err(line) });
    const redis = createRedis(settings.redisUrl, log, { commandTimeoutMs: READ_TIMEOUT_MS });
    try {
      const rows = await withProgress(io, 'asking Redis', read(redis, days));
      io.out(isJson ? `${JSON.stringify({ from: days[0], to: days.at(-1), rows }, null, 2)}\n` : renderUsageCsv(rows));
      return EXIT.ok;
    } finally {
      await redis.close();
    }
  });
}

async function read(redis: RedisLink, days: string[]): ReturnType<typeof readUsage> {
  if (await isUpWithin(redis, CONNECT_TIMEOUT_MS)) return readUsage(redis, days);
  throw new CliFault('the Redis of REDIS_URL does not answer', 'unavailable');
}

function readFormat(format: string): string {
  if (format !== 'csv' && format !== 'json') throw new UsageError(`--format is csv or json, not "${format}"`);
  return format;
}

function readDays({ month, from, to }: { month?: string; from?: string; to?: string }, nowMs: number): string[] {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  if (month !== undefined) {
    if (from !== undefined || to !== undefined) throw new UsageError('--month or --from and --to, not both');
    const first = readDay(`${month}-01`, '--month takes a month such as 2026-11');
    const last = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 0));
    return daysBetween(first, last.toISOString().slice(0, 10));
  }
  const first = readDay(from ?? `${today.slice(0, 7)}-01`, '--from takes a day such as 2026-11-01');
  const days = daysBetween(first, readDay(to ?? today, '--to takes a day such as 2026-11-30'));
  if (days.length === 0) throw new UsageError('--to is before --from');
  if (days.length > MAX_DAYS) throw new UsageError(`at most ${MAX_DAYS} days are kept`);
  return days;
}

function readDay(text: string, help: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) throw new UsageError(help);
  return text;
}
