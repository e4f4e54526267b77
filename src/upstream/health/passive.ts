import { z } from 'zod';
import type { AttemptOutcome } from '../../context.ts';
import { duration } from '../../schema-values.ts';
import type { Target } from '../target.ts';

const DEFAULTS = { failures: 5, ejectFor: '30s', maxEjectFor: '5m' } as const;

/** The key `passiveHealth`. */
export const passiveHealthOption = z
  .strictObject({
    failures: z.number().int().min(1).max(1000).default(DEFAULTS.failures).describe('Failures in a row that eject.'),
    ejectFor: duration({ min: '100ms', max: '1h' })
      .prefault(DEFAULTS.ejectFor)
      .describe('How long the first ejection lasts; the second in a row twice as long, and so on.'),
    maxEjectFor: duration({ min: '100ms', max: '1d' }).prefault(DEFAULTS.maxEjectFor).describe('The longest ejection.'),
  })
  .describe('When a target that fails is left alone for a while. A failure is a transport error, a timeout or a 5xx.');

export type PassiveHealthOptions = z.output<typeof passiveHealthOption>;

export const PASSIVE_HEALTH_DEFAULTS: PassiveHealthOptions = Object.freeze(passiveHealthOption.parse({}));

/**
 * Learns from how an attempt ended. A client that went away says nothing about the target.
 *
 * @param nowMs on the `performance.now()` scale.
 * @returns true when this attempt has ejected the target, for the log.
 */
export function noteOutcome(
  target: Target,
  outcome: AttemptOutcome,
  nowMs: number,
  options: PassiveHealthOptions,
): boolean {
  if (outcome === 'ok') {
    target.consecutiveFailures = 0;
    return false;
  }
  if (outcome === 'aborted-by-client') return false;
  target.consecutiveFailures += 1;
  if (target.consecutiveFailures < options.failures || isOut(target, nowMs)) return false;
  const wasSteady = nowMs - target.ejectedUntilMs > options.maxEjectFor;
  target.ejections = wasSteady ? 1 : target.ejections + 1;
  target.ejectedUntilMs = nowMs + Math.min(options.ejectFor * target.ejections, options.maxEjectFor);
  target.isEjected = true;
  target.consecutiveFailures = 0;
  return true;
}

/** Lets a target back in before its time, since active checks pass; its share grows slowly. */
export function endEjection(target: Target, nowMs: number): void {
  target.isEjected = false;
  target.ejectedUntilMs = Math.min(target.ejectedUntilMs, nowMs);
  target.consecutiveFailures = 0;
  target.recoveredAtMs = nowMs;
}

/** Whether a target may be given requests. The first look after an ejection's end begins its slow start. */
export function isUsable(target: Target, nowMs: number): boolean {
  return target.weight > 0 && target.activeHealth !== 'down' && !isOut(target, nowMs);
}

function isOut(target: Target, nowMs: number): boolean {
  if (!target.isEjected) return false;
  if (nowMs < target.ejectedUntilMs) return true;
  endEjection(target, nowMs);
  return false;
}

/**
 * The targets to choose from: the healthy ones; all of them when more than half are out, since then it is the checks
 * or the whole service that fails, and the rest would drown (so the last one is never out). Those already tried are
 * left out after that; empty when nothing else is left.
 *
 * Allocates nothing while all is well.
 */
export function usableTargets(
  targets: readonly Target[],
  nowMs: number,
  excluded?: ReadonlySet<Target>,
): readonly Target[] {
  let members = 0;
  let usable = 0;
  for (const target of targets) {
    if (target.weight > 0) members += 1;
    if (isUsable(target, nowMs)) usable += 1;
  }
  const isPanic = usable * 2 < members;
  const hasExcluded = excluded !== undefined && excluded.size > 0;
  if (!hasExcluded && (isPanic ? members : usable) === targets.length) return targets;
  return targets.filter((target) => {
    if (hasExcluded && excluded.has(target)) return false;
    return isPanic ? target.weight > 0 : isUsable(target, nowMs);
  });
}
