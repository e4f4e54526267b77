import type { Notice } from './report.ts';

/** Of one kind so many are told by themselves; the others by their number. */
const TOLD_EACH = 5;

/** 12:04 UTC, with the day where it is another one. */
export function timeOf(atMs: number, nowMs: number): string {
  const at = new Date(atMs).toISOString();
  const isToday = at.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10);
  return `${isToday ? '' : `${at.slice(0, 10)} `}${at.slice(11, 16)} UTC`;
}

/** With the seconds: for what is compared with a chart or a log. */
export const clockOf = (atMs: number): string => `${new Date(atMs).toISOString().slice(11, 19)} UTC`;

/** The first of a kind, and how many more there are: a thousand routes that fail have one reason. */
export function firstOf(notices: readonly Notice[], others: string): readonly Notice[] {
  const rest = notices.length - TOLD_EACH;
  const [first] = notices;
  if (rest <= 0 || first === undefined) return notices;
  return [
    ...notices.slice(0, TOLD_EACH),
    { severity: first.severity, text: `${rest} more ${others}; look at the lists below`, link: null, evidence: null },
  ];
}

export const percentOf = (part: number, whole: number): string => `${Math.round((part / whole) * 100)} %`;

/** A notice; `evidence` is where the requests are that show it. */
export function notice(
  severity: Notice['severity'],
  text: string,
  link: string | null = null,
  evidence: string | null = null,
): Notice {
  return { severity, text, link, evidence };
}

export const inUrl = (name: string): string => encodeURIComponent(name);
