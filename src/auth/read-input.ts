import type { z } from 'zod';
import { GatewayError, type ProblemEntry } from '../errors.ts';
import { escapePointer } from '../lib/json-pointer.ts';
import { parseDurationMs } from '../schema-values.ts';

/** 9999-12-31T23:59:59.999Z: a later time has no date. */
const MAX_TIME_MS = 253_402_300_799_999;

/** The input by its schema; throws `invalid_request` with every fault and where it is. */
export function readInput<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const unusable = placesOfProto(value);
  if (unusable.length > 0) throw invalid(unusable.map((pointer) => faultAt(pointer, "this name can't be used")));
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw invalid(read.error.issues.flatMap(entriesOf));
}

/** Where `__proto__` stands as a name: a schema would leave it out without a word. The value is not deep, as JSON is read. */
function placesOfProto(value: unknown, pointer = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const place = `${pointer}/${escapePointer(name)}`;
    return name === '__proto__' ? [place] : placesOfProto(member, place);
  });
}

/** `invalid_request` for faults that are known by their places: `/scopes/0`. */
export function invalid(errors: readonly ProblemEntry[]): GatewayError {
  return new GatewayError('invalid_request', undefined, { errors });
}

export function faultAt(pointer: string, detail: string): ProblemEntry {
  return { in: 'body', pointer, detail };
}

function entriesOf(issue: z.core.$ZodIssue): ProblemEntry[] {
  const pointer = issue.path.map((part) => `/${escapePointer(String(part))}`).join('');
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => faultAt(pointer, message));
  return [faultAt(pointer, issue.message)];
}

interface Ends {
  readonly expiresAt?: string | undefined;
  readonly expiresIn?: string | undefined;
}

/** When a key is to end; undefined where nothing is said. Throws `invalid_request` for what is no time to come. */
export function endOf({ expiresAt, expiresIn }: Ends, nowMs: number): string | undefined {
  if (expiresAt === undefined && expiresIn === undefined) return undefined;
  const [pointer, endMs] =
    expiresAt === undefined ? ['/expiresIn', endMsOf(expiresIn ?? '', nowMs)] : ['/expiresAt', Date.parse(expiresAt)];
  if (!(endMs > nowMs && endMs <= MAX_TIME_MS)) throw invalid([faultAt(pointer, 'expected a time to come')]);
  return new Date(endMs).toISOString();
}

/** Epoch milliseconds of so long after now, at most the year 9999. */
export function endMsOf(duration: string, nowMs: number): number {
  return Math.min(nowMs + (parseDurationMs(duration) ?? Number.NaN), MAX_TIME_MS);
}
