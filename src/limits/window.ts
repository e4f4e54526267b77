import { calendarPeriod, fixedPeriod, type Period } from './period.ts';
import type { PlanOptions, QuotaOptions, RateLimitOptions } from './schema.ts';
import { createSubject, type Subject } from './subject.ts';

export type Unit = 'calls' | 'tokens';

export type Algorithm = 'sliding' | 'fixed' | 'token-bucket';

/** One limit, compiled: everything about it that no request can change. */
export interface Window {
  /** Name of the policy for people: `free-1h`. */
  readonly name: string;
  /** First part of the keys of its counters. Survives a reload, and a change of `limit`. */
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly limit: number;
  readonly windowMs: number;
  /** Token bucket: calls that may come early. */
  readonly burst: number;
  /** `fixed` and quotas: the period that an instant lies in. */
  readonly period: Period;
  /** Which calendar period a quota counts, undefined for a rate limit. */
  readonly quota: 'day' | 'month' | undefined;
  readonly scope: 'route' | 'gateway';
  /** What it counts: `tokens` are those of language models. */
  readonly unit: Unit;
  readonly subject: Subject;
}

/** Who a limit belongs to; part of its name and of its identity. */
export interface Owner {
  readonly kind: 'route' | 'gateway' | 'plan';
  readonly name: string;
}

const DAY_MS = 86_400_000;
const UNITS = [
  ['d', DAY_MS],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** `1h` for 3600000: the largest unit that divides it. */
export function renderDuration(durationMs: number): string {
  for (const [unit, unitMs] of UNITS) if (durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  return `${durationMs}ms`;
}

/** Compiles one limit of a route, of the whole gateway, or of a plan on a route. */
export function compileWindow(options: RateLimitOptions, owner: Owner, routeName: string): Window {
  const { limit, window: windowMs, by, algorithm, burst = 0 } = options;
  const scope = options.scope ?? (owner.kind === 'route' ? 'route' : 'gateway');
  const name =
    options.name ?? `${owner.name}-${renderDuration(windowMs)}${options.cost === undefined ? '' : '-tokens'}`;
  // A plan's or a named limit's counters are its own; unnamed ones of the gateway scope are one and the same.
  const family = owner.kind === 'plan' ? `plan ${owner.name}` : 'limit';
  const place = scope === 'route' ? `route ${routeName}` : 'gateway';
  const unit = options.cost ?? 'calls';
  // The state of a bucket is measured in its rate, so another rate is another bucket. No bucket counts tokens.
  const kind = algorithm === 'token-bucket' ? `${limit}+${burst}` : unit === 'calls' ? '' : unit;
  const id = [
    family,
    options.name ?? '',
    place,
    typeof by === 'string' ? by : by.text,
    algorithm,
    renderDuration(windowMs),
    kind,
    '',
  ]
    .map(escapePart)
    .join('|');
  const period = fixedPeriod(windowMs);
  const subject = createSubject(by);
  return { name, id, algorithm, limit, windowMs, burst, period, quota: undefined, scope, unit, subject };
}

/** Compiles a plan's quota. Its count goes with the consumer from one plan to another. */
export function compileQuota({ limit, period, cost }: QuotaOptions, planName: string): Window {
  const suffix = cost === undefined ? '' : `-${cost}`;
  const windowMs = period === 'day' ? DAY_MS : 31 * DAY_MS;
  return {
    name: `${planName}-${period}${suffix}`,
    id: `quota|${period}${suffix}|`,
    algorithm: 'fixed',
    limit,
    windowMs,
    burst: 0,
    period: calendarPeriod(period),
    quota: period,
    scope: 'gateway',
    unit: cost ?? 'calls',
    subject: createSubject('consumer'),
  };
}

/** All windows of a plan, as they hold on one route. */
export function compilePlan(planName: string, plan: PlanOptions, routeName: string): Window[] {
  const owner: Owner = { kind: 'plan', name: planName };
  const windows = (plan.rateLimits ?? []).map((options) => compileWindow(options, owner, routeName));
  if (plan.quota !== undefined) windows.push(compileQuota(plan.quota, planName));
  return windows;
}

/** One list of windows for a call: of two that share their counters, the stricter decides and the other goes. */
export function mergeWindows(...lists: readonly (readonly Window[])[]): Window[] {
  const byId = new Map<string, Window>();
  for (const window of lists.flat()) {
    const other = byId.get(window.id);
    if (other === undefined || isStricter(window, other)) byId.set(window.id, window);
  }
  return [...byId.values()];
}

function isStricter(window: Window, other: Window): boolean {
  return window.limit === other.limit ? window.burst < other.burst : window.limit < other.limit;
}

/** The most that one call may cost and still ever pass. */
export function largestCost(window: Window): number {
  return window.algorithm === 'token-bucket' ? window.burst + 1 : window.limit;
}

/** What a caller is told as the limit. As much as a bucket's burst can be left, so it is no lower than that. */
export function quotaOf(window: Window): number {
  return Math.max(window.limit, largestCost(window));
}

/** What a caller is told as the length: whole seconds, and of a monthly quota those of the month that is. */
export function secondsOf(window: Window, nowMs: number): number {
  if (window.quota !== 'month') return Math.ceil(window.windowMs / 1000);
  const { startsAtMs, endsAtMs } = window.period(nowMs);
  return (endsAtMs - startsAtMs) / 1000;
}

function escapePart(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('|', '%7C');
}
