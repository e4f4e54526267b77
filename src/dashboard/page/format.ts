const NONE = '–';
const SECOND_MS = 1000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A rate or a count for the eye: three digits that matter, thousands apart. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.01) return '<0.01';
  const digits = size < 1 ? 2 : size < 100 && !Number.isInteger(value) ? 1 : 0;
  return value.toLocaleString('en', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

/** Milliseconds, as seconds from one of them on. */
export function millis(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value >= SECOND_MS) return `${number(value / SECOND_MS)} s`;
  if (value === 0) return '0 ms';
  if (value < 0.1) return `${value.toFixed(2)} ms`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ms`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${number(size)} ${units[unit]}`;
}

export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return NONE;
  const value = ratio * 100;
  return `${value === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} %`;
}

/** A part of a whole; null of nothing. */
export function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`;
  if (whole < DAY) return two(whole, HOUR, 'h', MINUTE, 'min');
  return two(whole, DAY, 'd', HOUR, 'h');
}

function two(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** How long ago, by the gateway's clock. */
export function ago(ms: number, nowMs: number): string {
  const seconds = (nowMs - ms) / SECOND_MS;
  return seconds < 2 ? 'now' : `${duration(seconds)} ago`;
}

export function epoch(time: number | string): number {
  return typeof time === 'number' ? time : Date.parse(time);
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** Time of day where the browser is. */
export function clock(ms: number): string {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** With the day, where that is not today's. */
export function moment(ms: number, nowMs: number): string {
  const [date, now] = [new Date(ms), new Date(nowMs)];
  if (date.toDateString() === now.toDateString()) return clock(ms);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(ms)}`;
}

const ISO = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z/g;
const SAID = /\b(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d)(:\d\d)? UTC\b/g;

/** A text with the times in it (`21:39 UTC`, with or without the day; ISO ones) where the browser is, as all others are. `nowMs`: when it was said. */
export function localTimes(text: string, nowMs: number): string {
  return text
    .replace(ISO, (iso) => (Number.isNaN(Date.parse(iso)) ? iso : moment(Date.parse(iso), nowMs)))
    .replace(SAID, (said, day: string | undefined, time: string, seconds: string | undefined) => {
      const today = new Date(nowMs).toISOString().slice(0, 10);
      const ms = Date.parse(`${day ?? today}T${time}${seconds ?? ':00'}Z`);
      if (Number.isNaN(ms)) return said;
      const local = day === undefined ? clock(ms) : moment(ms, nowMs);
      return seconds === undefined ? local.slice(0, -3) : local;
    });
}

export function plural(count: number, word: string): string {
  return `${number(count)} ${word}${count === 1 ? '' : 's'}`;
}
