import { invalid } from '../../auth/read-input.ts';
import { GatewayError } from '../../errors.ts';
import { daysBetween, readKeyUsage } from '../../limits/usage-report.ts';
import { type AdminAnswer, ok } from '../answer.ts';
import type { ConsumerCall } from './call.ts';

const MAX_DAYS = 100;
/** A day's table may have hundreds of thousands of rows, and is read in steps: a few readers are enough for Redis. */
const MAX_READING = 2;
let reading = 0;

/** `GET /consumers/NAME/usage?from=2026-11-01&to=2026-11-30`: calls, cost and refusals by key and route; this month. */
export async function readUsage({ source, query, nowMs }: ConsumerCall, name: string): Promise<AdminAnswer> {
  const { redis } = source.deps;
  const days = daysOf(query, nowMs);
  if (redis === undefined || !redis.isUp) throw new GatewayError('consumers_unavailable');
  if (reading >= MAX_READING)
    throw new GatewayError('overloaded', 'Usage is being read by others: ask again.', { retryAfterSeconds: 1 });
  reading += 1;
  try {
    const rows = await readKeyUsage(redis, name, days);
    const total = { calls: 0, cost: 0, refused: 0 };
    for (const row of rows) {
      total.calls += row.calls;
      total.cost += row.cost;
      total.refused += row.refused;
    }
    return ok({ consumer: name, from: days[0], to: days.at(-1), total, rows });
  } catch (cause) {
    throw new GatewayError('consumers_unavailable', undefined, { cause, retryAfterSeconds: 1 });
  } finally {
    reading -= 1;
  }
}

function daysOf(query: URLSearchParams, nowMs: number): readonly string[] {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const from = query.get('from') ?? `${today.slice(0, 7)}-01`;
  const to = query.get('to') ?? today;
  const isRight = isDay(from) && isDay(to) && from <= to && Date.parse(to) - Date.parse(from) < MAX_DAYS * 86_400_000;
  if (isRight) return daysBetween(from, to);
  const detail = `from and to are days such as 2026-11-30, in this order, at most ${MAX_DAYS} of them`;
  throw invalid([{ in: 'query', detail }]);
}

function isDay(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}
