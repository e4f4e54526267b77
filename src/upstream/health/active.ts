import { z } from 'zod';
import { duration } from '../../schema-values.ts';
import type { Target } from '../target.ts';
import { endEjection } from './passive.ts';

/** The key `healthCheck`. */
export const healthCheckOption = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/, { error: 'expected a path such as "/health"' })
      .max(2048)
      .describe('Path that is asked with GET, below the path of the target.'),
    interval: duration({ min: '100ms', max: '1h' })
      .prefault('5s')
      .describe('Time between two checks of a target, give or take a tenth. Default "5s".'),
    timeout: duration({ min: '10ms', max: '1m' }).prefault('2s').describe('When a check has failed. Default "2s".'),
    healthyAfter: z.number().int().min(1).max(100).default(2).describe('Passes in a row that bring a target back.'),
    unhealthyAfter: z.number().int().min(1).max(100).default(3).describe('Failures in a row that take it out.'),
    status: z
      .union([
        z
          .number()
          .int()
          .min(200)
          .max(599)
          .transform((one) => [one]),
        z.array(z.number().int().min(200).max(599)).min(1),
      ])
      .optional()
      .describe('Status, or list of them, that passes. Default: any 2xx.'),
  })
  .describe('Asks each target at intervals whether it is well.');

export type HealthCheckOptions = z.output<typeof healthCheckOption>;

/**
 * Asks one target; false or an error is a failed check, undefined says nothing: it was the gateway that could not ask.
 * Must stop when the signal aborts.
 */
export type Probe = (target: Target, signal: AbortSignal) => Promise<boolean | undefined>;

export interface ActiveChecks {
  /** Follows the service's list: begins with new targets, forgets those that are gone. */
  update(targets: readonly Target[]): void;
  close(): void;
}

interface ActiveChecksDeps {
  readonly now?: () => number;
  readonly random?: () => number;
  /** Called when a target goes down or comes up. */
  readonly onChange?: (target: Target) => void;
}

/** How far the interval is stretched or shortened, so that gateways don't ask in step. */
const JITTER = 0.1;
/** A new target is asked within this time, or within its interval when that is shorter. */
const FIRST_CHECK_WITHIN_MS = 500;

/**
 * Checks each target in its own rhythm until closed. A target is down after `unhealthyAfter` failures in a row and up
 * after `healthyAfter` passes; one never asked before is up after its first pass. Passes also end a passive ejection,
 * after `healthyAfter` of them times the ejections in a row: a service whose checks pass while its answers fail
 * must not be let in again and again.
 */
export function startActiveChecks(
  targets: readonly Target[],
  options: HealthCheckOptions,
  probe: Probe,
  { now = () => performance.now(), random = Math.random, onChange }: ActiveChecksDeps = {},
): ActiveChecks {
  const checks = new Map<Target, Check>();
  const begin = (target: Target): Check => {
    const firstDelayMs = random() * Math.min(options.interval, FIRST_CHECK_WITHIN_MS);
    const judge = createJudge(target, options, now);
    const run = async (signal: AbortSignal): Promise<void> => {
      const hasPassed = await probe(target, signal).catch(() => false);
      if (check.isClosed || hasPassed === undefined) return;
      if (judge(hasPassed && !signal.aborted)) onChange?.(target);
    };
    const nextDelayMs = () => options.interval * (1 - JITTER + 2 * JITTER * random());
    const check = repeat(run, firstDelayMs, nextDelayMs, options.timeout);
    return check;
  };
  const update = (next: readonly Target[]): void => {
    const wanted = new Set(next);
    for (const [target, check] of checks) {
      if (wanted.has(target)) continue;
      check.close();
      checks.delete(target);
    }
    for (const target of next) if (!checks.has(target)) checks.set(target, begin(target));
  };
  update(targets);
  return { update, close: () => update([]) };
}

/** Takes one result after the other, and writes the target's health; true when that has changed. */
function createJudge(target: Target, options: HealthCheckOptions, now: () => number): (hasPassed: boolean) => boolean {
  let passes = 0;
  let failures = 0;
  let ejectedUntilMs = 0;

  function fail(): boolean {
    passes = 0;
    failures += 1;
    if (failures < options.unhealthyAfter || target.activeHealth === 'down') return false;
    target.activeHealth = 'down';
    return true;
  }

  function pass(): boolean {
    failures = 0;
    passes += 1;
    if (target.isEjected && passes >= options.healthyAfter * target.ejections) endEjection(target, now());
    const { activeHealth } = target;
    if (activeHealth === 'up' || (activeHealth === 'down' && passes < options.healthyAfter)) return false;
    target.activeHealth = 'up';
    if (activeHealth === 'down') target.recoveredAtMs = now();
    return true;
  }

  return (hasPassed) => {
    // Passes from before an ejection say nothing about it.
    if (target.isEjected && target.ejectedUntilMs !== ejectedUntilMs) {
      ejectedUntilMs = target.ejectedUntilMs;
      passes = 0;
    }
    return hasPassed ? pass() : fail();
  };
}

interface Check {
  isClosed: boolean;
  close(): void;
}

/** Runs again and again, one at a time, with pauses between; `signal` aborts a run at its timeout and at the close. */
function repeat(
  run: (signal: AbortSignal) => Promise<void>,
  firstDelayMs: number,
  nextDelayMs: () => number,
  timeoutMs: number,
): Check {
  let timer: NodeJS.Timeout;
  let running: AbortController | undefined;
  const check: Check = {
    isClosed: false,
    close() {
      check.isClosed = true;
      clearTimeout(timer);
      running?.abort();
    },
  };
  const once = async (): Promise<void> => {
    const controller = new AbortController();
    running = controller;
    const deadline = setTimeout(() => controller.abort(), timeoutMs).unref();
    await run(controller.signal);
    clearTimeout(deadline);
    running = undefined;
    if (!check.isClosed) wait(nextDelayMs());
  };
  const wait = (delayMs: number): void => {
    timer = setTimeout(() => void once(), delayMs).unref();
  };
  wait(firstDelayMs);
  return check;
}
