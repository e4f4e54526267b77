import { z } from 'zod';
import { isNetwork } from './lib/network-test.ts';

/**
 * The value types of routes.json that JSON lacks: durations and sizes, written as strings with their unit.
 * Each becomes a number whose unit the key's name in the code carries (`…Ms`, `…Bytes`).
 */
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

const UNIT_BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;
const SIZE = /^(\d{1,9}(?:\.\d{1,3})?)(b|kb|mb|gb)$/;

/** Milliseconds of `"500ms"`, `"30s"`, `"5m"`, `"1h"`, `"1d"`; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** Bytes of `"512b"`, `"64kb"`, `"1mb"`, `"2gb"` (powers of 1024, as nginx counts); undefined for anything else. */
export function parseSizeBytes(text: string): number | undefined {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  return amount === undefined ? undefined : Math.floor(Number(amount) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES]);
}

interface Bounds {
  /** Smallest and largest value, in the file's own words: `"10ms"`, `"1d"`. */
  readonly min?: string;
  readonly max?: string;
}

interface QuantityWords {
  readonly kind: string;
  readonly example: string;
  readonly units: Readonly<Record<string, number>>;
  /** What others call a unit, and what it is here. */
  readonly words: Readonly<Record<string, string>>;
}

/** `200MB`, `20m` (nginx), `1 s`, `2min` as they are written here; undefined for what is no quantity at all. */
function suggestQuantity(text: string, pattern: RegExp, words: QuantityWords['words']): string | undefined {
  const [, amount, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)$/.exec(text.trim().toLowerCase()) ?? [];
  const meant = `${amount}${Object.hasOwn(words, unit) ? words[unit] : unit}`;
  return amount !== undefined && pattern.test(meant) ? meant : undefined;
}

function quantity(
  { kind, example, units, words }: QuantityWords,
  pattern: RegExp,
  parse: (text: string) => number | undefined,
  bounds: Bounds,
) {
  const choice = `units: ${Object.keys(units).join(', ')}`;
  const min = bounds.min === undefined ? 0 : (parse(bounds.min) as number);
  const max = bounds.max === undefined ? Number.POSITIVE_INFINITY : (parse(bounds.max) as number);
  return z
    .string({
      error: (issue) =>
        typeof issue.input === 'number'
          ? `a ${kind} needs a unit: "${example}", not a bare number (${choice})`
          : `expected a ${kind} such as "${example}" (${choice})`,
    })
    .regex(pattern, {
      error: ({ input }) => {
        const meant = suggestQuantity(String(input), pattern, words);
        return `expected a ${kind} such as "${example}" (${choice})${meant === undefined ? '' : `: did you mean "${meant}"?`}`;
      },
    })
    .transform((text, context) => {
      const value = parse(text) as number;
      if (value >= min && value <= max) return value;
      context.addIssue({
        code: 'custom',
        message: `must be ${[bounds.min && `at least ${bounds.min}`, bounds.max && `at most ${bounds.max}`].filter(Boolean).join(' and ')}`,
      });
      return z.NEVER;
    });
}

const spelt = (unit: string, ...names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => [name, `${name}s`]).map((name) => [name, unit]));

const DURATION_WORDS: QuantityWords = {
  kind: 'duration',
  example: '30s',
  units: UNIT_MS,
  words: {
    ...spelt('ms', 'msec', 'milli', 'millisecond'),
    ...spelt('s', 'sec', 'second'),
    ...spelt('m', 'min', 'minute'),
    ...spelt('h', 'hr', 'hour'),
    ...spelt('d', 'day'),
  },
};
const SIZE_WORDS: QuantityWords = {
  kind: 'size',
  example: '1mb',
  units: UNIT_BYTES,
  words: { ...spelt('b', 'byte'), k: 'kb', kib: 'kb', m: 'mb', mib: 'mb', g: 'gb', gib: 'gb' },
};

/** The units of a duration, for messages: `ms, s, m, h, d`. */
export const DURATION_UNITS = Object.keys(UNIT_MS).join(', ');

/** A duration in the file, milliseconds in the code. */
export const duration = (bounds: Bounds = {}) => quantity(DURATION_WORDS, DURATION, parseDurationMs, bounds);

/** The same where `"off"` stands for one without an end: Infinity in the code. */
export const offOr = <T extends z.ZodType<number>>(length: T) =>
  z.union([z.literal('off').transform(() => Number.POSITIVE_INFINITY), length]);

/** A size in the file, bytes in the code. */
export const size = (bounds: Bounds = {}) => quantity(SIZE_WORDS, SIZE, parseSizeBytes, bounds);

/**
 * One value or a list of them in the file, a list in the code. The conversion stands outside the union, so that a
 * fault of the item is told as it is.
 */
export const oneOrMany = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).min(1)]).transform((value) => [value].flat() as z.output<T>[]);

/** One address or network in CIDR notation, IPv4 or IPv6. */
export const network = z
  .string()
  .refine(isNetwork, { error: 'expected an address or a network such as "10.0.0.0/8" or "2001:db8::/32"' });

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Epoch milliseconds of `2027-01-31` (midnight UTC) or of a time with its zone (RFC 3339); undefined for anything else. */
export function parseInstantMs(text: string): number | undefined {
  if (!DATE.test(text) && !TIME.test(text)) return undefined;
  const ms = Date.parse(text);
  // Date takes the 31st of February for the 3rd of March.
  const isDay = new Date(`${text.slice(0, 10)}T00:00:00Z`).toJSON()?.slice(0, 10) === text.slice(0, 10);
  return isDay && !Number.isNaN(ms) ? ms : undefined;
}

const INSTANT = 'a date such as "2027-01-31" or a time such as "2027-01-31T06:00:00Z"';

/** A date or a time in the file, epoch milliseconds in the code. */
export const instant = z.string({ error: `expected ${INSTANT}` }).transform((text, context) => {
  const ms = parseInstantMs(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: `expected ${INSTANT}` });
  return z.NEVER;
});

/** When something is to be tried again: after a while, or at a time. */
export type Later = { readonly afterMs: number } | { readonly atMs: number };

/** A duration, or a date or time, in the file. */
export const later = z
  .string({ error: `expected a duration such as "10m", or ${INSTANT}` })
  .transform((text, context): Later => {
    const afterMs = parseDurationMs(text);
    if (afterMs !== undefined) return { afterMs };
    const atMs = parseInstantMs(text);
    if (atMs !== undefined) return { atMs };
    context.addIssue({ code: 'custom', message: `expected a duration such as "10m", or ${INSTANT}` });
    return z.NEVER;
  });

const PERCENT = /^(\d{1,3}(?:\.\d{1,4})?)\s*%$/;

/** The share that `1%` or `0.5%` says, 0 to 1; undefined for anything else. */
export function parseShare(text: string): number | undefined {
  const [, percent] = PERCENT.exec(text) ?? [];
  return percent === undefined || Number(percent) > 100 ? undefined : Number(percent) / 100;
}

/** A percentage in the file, a share of 1 in the code. */
export const share = z.string({ error: 'expected a percentage such as "1%"' }).transform((text, context) => {
  const parsed = parseShare(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'expected a percentage from "0%" to "100%", such as "1%"' });
  return z.NEVER;
});
