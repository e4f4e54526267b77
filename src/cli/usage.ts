import { parseArgs } from 'node:util';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { daysBetween, readUsage, renderUsageCsv } from '../limits/usage-report.ts';
import { createMessageLog } from '../log/log.ts';
import { createRedis, isUpWithin } from '../redis/link.ts';
import { asTyped } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike usage [--month 2026-11 | --from 2026-11-01 --to 2026-11-30] [--format csv|json]

Prints who called which route how often, by consumer and route, from the Redis of REDIS_URL.
Without dates it is this month so far (UTC). Days are kept for 400 days.
`;

const OPTIONS = {
  month: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  format: { type: 'string', default: 'csv' },
  help: { type: 'boolean', short: 'h' },
} as const;

const CONNECT_TIMEOUT_MS = 5000;
/** Nobody waits for it but a person. */
const READ_TIMEOUT_MS = 10_000;
const MAX_DAYS = 400;

/** `turnpike usage …`: prints the usage report. Resolves to the exit code. */
export async function runUsage(argv: readonly string[], io: CliIo, clock: Clock = systemClock): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS, strict: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const days = readDays(values, clock.now());
    const isJson = readFormat(values.format) === 'json';
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    if (settings.redisUrl === undefined) {
      io.err('turnpike usage: REDIS_URL is not set, and usage is kept only in Redis\n');
      return EXIT.config;
    }
    const log = createMessageLog({ ...settings, logLevel: 'error' }, { append: (line) => io.err(line) });
    const redis = createRedis(settings.redisUrl, log, { commandTimeoutMs: READ_TIMEOUT_MS });
    try {
      if (!(await isUpWithin(redis, CONNECT_TIMEOUT_MS))) {
        io.err('turnpike usage: the Redis of REDIS_URL does not answer\n');
        return EXIT.failed;
      }
      const rows = await readUsage(redis, days);
      io.out(isJson ? `${JSON.stringify({ from: days[0], to: days.at(-1), rows }, null, 2)}\n` : renderUsageCsv(rows));
      return EXIT.ok;
    } finally {
      await redis.close();
    }
  } catch (error) {
    return explainFault('usage', USAGE, error, io);
  }
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
