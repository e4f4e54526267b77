const DAYS = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAYS = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = `(${MONTHS.join('|')})`;
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})';

const IMF_FIXDATE = new RegExp(`^${DAYS}, (\\d{2}) ${MONTH} (\\d{4}) ${TIME} gmt$`, 'i');
const RFC_850 = new RegExp(`^${LONG_DAYS}, (\\d{2})-${MONTH}-(\\d{2}) ${TIME} gmt$`, 'i');
const ASCTIME = new RegExp(`^${DAYS} ${MONTH} ( \\d|\\d{2}) ${TIME} (\\d{4})$`, 'i');

/** No date is longer. */
const MAX_CHARS = 40;
const FIFTY_YEARS_MS = 50 * 365.25 * 24 * 60 * 60 * 1000;

/**
 * Epoch milliseconds of a date in one of the three forms that HTTP knows (RFC 9110, section 5.6.7); undefined for
 * anything else, since what is no date must count as one in the past (RFC 9111, section 5.3). Letters' case is
 * forgiven, nothing more: `Date.parse` would take other zones and missing commas.
 */
export function parseHttpDate(text: string | readonly string[] | undefined, nowMs: number): number | undefined {
  if (typeof text !== 'string' || text.length > MAX_CHARS) return undefined;
  const fixdate = IMF_FIXDATE.exec(text);
  if (fixdate !== null) return fromParts(fixdate[3], fixdate[2], fixdate[1], fixdate.slice(4, 7));
  const old = RFC_850.exec(text);
  if (old !== null) return fromShortYear(old, nowMs);
  const c = ASCTIME.exec(text);
  return c === null ? undefined : fromParts(c[6], c[1], c[2], c.slice(3, 6));
}

/** A year of two digits that would lie more than fifty years ahead is one of the past (RFC 9110, section 5.6.7). */
function fromShortYear(match: RegExpExecArray, nowMs: number): number | undefined {
  const century = Math.floor(new Date(nowMs).getUTCFullYear() / 100) * 100;
  const year = century + Number(match[3]);
  const time = match.slice(4, 7);
  const ms = fromParts(String(year), match[2], match[1], time);
  if (ms === undefined || ms - nowMs <= FIFTY_YEARS_MS) return ms;
  return fromParts(String(year - 100), match[2], match[1], time);
}

function fromParts(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  time: readonly (string | undefined)[],
): number | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number);
  const monthIndex = MONTHS.indexOf((month ?? '').toLowerCase());
  const dayNumber = Number(day);
  // A leap second is told as the 60th.
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const ms = Date.UTC(Number(year), monthIndex, dayNumber, hours, minutes, seconds);
  return new Date(Date.UTC(Number(year), monthIndex, dayNumber)).getUTCDate() === dayNumber ? ms : undefined;
}
