import type { RedisLink } from '../redis/link.ts';
import { createUsageKeys, decodeField, emptyTally, TALLY_KINDS, type Tally } from './usage-keys.ts';

/** One row of the usage report: what a consumer (or a token's subject) did on a route. */
export interface UsageRow extends Tally {
  readonly consumer: string;
  readonly route: string;
}

/** Usage by consumer and route, summed over days (`2026-11-21`, UTC), sorted by both. */
export async function readUsage(redis: RedisLink, days: readonly string[]): Promise<UsageRow[]> {
  const rows = new Map<string, UsageRow>();
  const keys = createUsageKeys(redis.prefix);
  for (const day of days) {
    for (const [field, count] of await readTable(redis, keys.day(day))) {
      const { kind, caller, route } = decodeField(field);
      const id = JSON.stringify([caller, route]);
      const row = rows.get(id) ?? { consumer: caller, route, ...emptyTally() };
      const known = TALLY_KINDS.find((one) => one === kind);
      if (known !== undefined) row[known] += Number(count);
      rows.set(id, row);
    }
  }
  return [...rows.values()].sort((a, b) => compare(a.consumer, b.consumer) || compare(a.route, b.route));
}

/** What one key of a consumer did on a route; null for calls with no key that has an id (passwords, tokens). */
export interface KeyUsageRow extends Tally {
  readonly key: string | null;
  readonly route: string;
}

/** The same of one consumer, by its keys. */
export async function readKeyUsage(
  redis: RedisLink,
  consumer: string,
  days: readonly string[],
): Promise<readonly KeyUsageRow[]> {
  const rows = new Map<string, KeyUsageRow>();
  const keys = createUsageKeys(redis.prefix);
  const pattern = `*|${encodeURIComponent(consumer)}|*`;
  for (const day of days) {
    for (const [field, count] of await readTable(redis, keys.day(day), pattern)) {
      const { kind, caller, route, key = null } = decodeField(field);
      if (caller !== consumer) continue;
      const id = JSON.stringify([key, route]);
      const row = rows.get(id) ?? { key, route, ...emptyTally() };
      const known = TALLY_KINDS.find((one) => one === kind);
      if (known !== undefined) row[known] += Number(count);
      rows.set(id, row);
    }
  }
  return [...rows.values()].sort((a, b) => compare(a.key ?? '', b.key ?? '') || compare(a.route, b.route));
}

/** The days from one to another, both included. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  const last = Date.parse(to);
  for (let time = Date.parse(from); time <= last; time += 86_400_000)
    days.push(new Date(time).toISOString().slice(0, 10));
  return days;
}

const COLUMNS = ['consumer', 'route', ...TALLY_KINDS] as const;

/** The report as CSV (RFC 4180). A value that a spreadsheet would take for a formula gets an apostrophe in front. */
export function renderUsageCsv(rows: readonly UsageRow[]): string {
  const lines = rows.map((row) => COLUMNS.map((column) => renderCell(String(row[column]))).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

function renderCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Fields asked for in one step; a table may have hundreds of thousands, and gateways wait while Redis reads. */
const STEP = 500;

/** The whole hash, read in small steps. What is written meanwhile may come twice: the last count is the right one. */
async function readTable(redis: RedisLink, key: string, pattern = '*'): Promise<ReadonlyMap<string, number>> {
  const table = new Map<string, number>();
  let cursor = '0';
  do {
    const reply = await redis.send('HSCAN', key, cursor, 'MATCH', pattern, 'COUNT', STEP);
    if (!Array.isArray(reply) || !Array.isArray(reply[1])) throw new Error('Redis did not answer HSCAN');
    const fields = reply[1] as readonly unknown[];
    for (let index = 0; index < fields.length; index += 2) table.set(String(fields[index]), Number(fields[index + 1]));
    cursor = String(reply[0]);
  } while (cursor !== '0');
  return table;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
