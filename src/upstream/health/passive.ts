import { z } from 'zod';
import type { AttemptOutcome } from '../../facts.ts';
import { duration } from '../../schema-values.ts';
import type { Target } from '../target.ts';
import { isNobodysFailure } from '../transport.ts';

const DEFAULTS = { failures: 5, ejectFor: '10s', maxEjectFor: '5m' } as const;

/** The key `passiveHealth`. */
export const passiveHealthOption = z
  .strictObject({
    failures: z.number().int().min(1).max(1000).default(DEFAULTS.failures).describe('Failures in a row that eject.'),
    ejectFor: duration({ min: '100ms', max: '1h' })
      .prefault(DEFAULTS.ejectFor)
      .describe(
        'How long the first ejection lasts, until a trial call ends or repeats it; the second one twice as long, and so on.',
      ),
    maxEjectFor: duration({ min: '100ms', max: '1d' }).prefault(DEFAULTS.maxEjectFor).describe('The longest ejection.'),
  })
  .describe('When a target that fails is left alone for a while. A failure is a transport error, a timeout or a 5xx.');

export type PassiveHealthOptions = z.output<typeof passiveHealthOption>;

export const PASSIVE_HEALTH_DEFAULTS: PassiveHealthOptions = Object.freeze(passiveHealthOption.parse({}));

/** How long an ejected target waits for a GET or HEAD to be its trial call; then it may be any. */
const SAFE_TRIAL_MS = 4_000;
/** A trial that takes longer is forgotten: another may begin. */
const LONGEST_TRIAL_MS = 60_000;

/**
 * Learns from how an attempt ended. A client that went away, or a gateway without sockets, says nothing about the target.
 *
 * The first attempt that begins after an ejection's time is the target's trial: it ends the ejection or
 * begins it anew.
 *
 * @param nowMs on the `performance.now()` scale, as `startedAtMs`, when the attempt began.
 * @returns true when this attempt has ejected the target, for the log.
 */
export function noteOutcome(
  target: Target,
  outcome: AttemptOutcome,
  nowMs: number,
  options: PassiveHealthOptions,
  startedAtMs = nowMs,
): boolean {
  const wasTrial = target.isEjected && startedAtMs >= target.ejectedUntilMs;
  if (wasTrial) target.trialSinceMs = 0;
  if (isNobodysFailure(outcome)) return false;
  if (outcome === 'ok') {
    target.consecutiveFailures = 0;
    if (wasTrial) endEjection(target, nowMs);
    return false;
  }
  target.consecutiveFailures += 1;
  const hasFailedEnough = target.consecutiveFailures >= options.failures && !target.isEjected;
  if (!hasFailedEnough && !wasTrial) return false;
  // A failed trial repeats the ejection: one that lies down for long must still be found soon after its return.
  if (hasFailedEnough)
    target.ejections = nowMs - target.ejectedUntilMs > options.maxEjectFor ? 1 : target.ejections + 1;
  eject(target, nowMs, options);
  return hasFailedEnough;
}

function eject(target: Target, nowMs: number, options: PassiveHealthOptions): void {
  target.ejectedUntilMs = nowMs + Math.min(options.ejectFor * target.ejections, options.maxEjectFor);
  target.isEjected = true;
  target.consecutiveFailures = 0;
}

/** Lets a target back in, since its trial or active checks pass; its share grows slowly. */
export function endEjection(target: Target, nowMs: number): void {
  target.isEjected = false;
  target.ejectedUntilMs = Math.min(target.ejectedUntilMs, nowMs);
  target.trialSinceMs = 0;
  target.consecutiveFailures = 0;
  target.recoveredAtMs = nowMs;
}

/** An attempt at an ejected target begins: when its time is over, that is its trial, and nobody else is sent there. */
export function beginTrial(target: Target, nowMs: number): void {
  if (nowMs >= target.ejectedUntilMs) target.trialSinceMs = nowMs;
}

/** Whether a target is left alone for its health: checks fail, it is ejected, or on trial. Looking changes nothing. */
export function isOut(target: Target, nowMs: number): boolean {
  if (target.activeHealth === 'down') return true;
  if (!target.isEjected) return false;
  return nowMs < target.ejectedUntilMs || (target.trialSinceMs !== 0 && nowMs - target.trialSinceMs < LONGEST_TRIAL_MS);
}

/** Whether this request may be a target's trial: one that can be repeated elsewhere, as long as there are such. */
function mayTry({ isEjected, ejectedUntilMs }: Target, nowMs: number, isSafe: boolean): boolean {
  return !isEjected || isSafe || nowMs - ejectedUntilMs >= SAFE_TRIAL_MS;
}

/**
 * The targets to choose from: the healthy ones; all of them when more than half are out, since then it is the checks
 * or the whole service that fails, and the rest would drown (so the last one is never out). Those already tried are
 * left out after that; empty when nothing else is left. A target whose trial is due is among them for a first attempt
 * (`isSafe`: of a GET or HEAD), and for a repeated one when nothing else is left.
 *
 * Allocates nothing while all is well.
 */
export function usableTargets(
  targets: readonly Target[],
  nowMs: number,
  excluded?: ReadonlySet<Target>,
  isSafe = true,
): readonly Target[] {
  const isFirst = excluded === undefined || excluded.size === 0;
  if (isFirst && targets.every(isWell)) return targets;
  const members = targets.filter(({ weight }) => weight > 0);
  const usable = members.filter((target) => !isOut(target, nowMs));
  const isPanic = usable.length * 2 < members.length;
  const untried = (isPanic ? members : usable).filter((target) => excluded?.has(target) !== true);
  return isPanic ? untried : preferSteady(untried, nowMs, isFirst && isSafe);
}

/** Without any doubt about its health; cheap to ask. */
export function isWell({ weight, activeHealth, isEjected }: Target): boolean {
  return weight > 0 && activeHealth !== 'down' && !isEjected;
}

/** Without the targets whose trial this request should not be, as long as others are left. */
function preferSteady(targets: readonly Target[], nowMs: number, isSafe: boolean): readonly Target[] {
  const steady = targets.filter((target) => mayTry(target, nowMs, isSafe));
  return steady.length > 0 ? steady : targets;
}
